# SPDX-License-Identifier: GPL-3.0-or-later
"""``report``: one page in a real browser that shows every job, needs nothing else and runs nothing it is given."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
from blender_scenes import Csm, add_box, save_scene
from browser import Page, opened
from common import asset
from farm import file_spec, folders_of

from csm_blender.cli.farm.page import write_page

WORDS = "document.getElementById('words')"
EVIL = "</script><img src=x onerror=alert(1)>"
NAMES = ["Chair", EVIL, 'Stuhl "größer" & Tisch', "椅子"]


def rows(page: Page, column: int) -> list[str]:
    return page.ask(f"[...document.querySelectorAll('#rows tr')].map(row => row.children[{column}].textContent)")


def search(page: Page, words: str) -> None:
    page.ask(f"(found => {{ found.value = '{words}'; found.dispatchEvent(new Event('input')) }})({WORDS})")


def test_the_page_shows_what_became_of_each_job(csm: Csm, tmp_path: Path) -> None:
    broken = tmp_path / "broken.glb"
    broken.write_bytes(b"glTF\x02\0\0\0nonsense")
    files = [asset("Duck.glb"), broken, asset("monkey.glb"), asset("Duck.glb")]

    def build() -> None:
        for number, name in enumerate(NAMES):
            add_box(name, (0.5, 0.6, 0.7), location=(number, 0, 0))
        assert [obj.name for obj in bpy.data.objects if obj.name not in NAMES] == []

    scene, jobs, plan = save_scene(tmp_path / "scene.blend", build), tmp_path / "jobs.json", tmp_path / "plan"
    pairs = [{"source": str(file), "object": name} for file, name in zip(files, NAMES, strict=True)]
    jobs.write_text(json.dumps(pairs), encoding="utf-8")
    assert csm("plan", "--blend", scene, "--jobs", jobs, "--engine", "none", "--out", plan).status == 0
    assert csm("work", plan, "--range", "1-3").status == 1
    assert csm("report", plan, "--pictures", "0").status == 0
    done = csm("report", plan, "--pictures", "1", "--json")
    assert json.loads(done.stdout) == {"version": 1, "page": str(plan / "report.html"), "jobs": 4, "pictures_made": 1}

    with opened(plan / "report.html", tmp_path / "browser") as page:
        page.open(plan / "report.html")
        assert rows(page, 1) == ["1", "2", "3", "4"]
        assert rows(page, 2) == NAMES
        assert rows(page, 3) == [file.name for file in files]
        assert rows(page, 4) == ["READY", "FAILED", "READY", "QUEUED"]
        assert rows(page, 6) == ["4,212", "", "968", ""]
        assert rows(page, 8)[1].startswith("The GLB is truncated")
        assert "1 results are shown without a picture." in page.ask("document.body.textContent")
        assert page.ask("[...document.images].map(image => image.naturalWidth)") == [128]

        buttons = page.ask("[...document.querySelectorAll('#filters button')].map(button => button.textContent)")
        assert buttons == ["All 4", "QUEUED 1", "READY 2", "FAILED 1"]
        page.ask("document.querySelectorAll('#filters button')[2].click()")
        assert rows(page, 1) == ["1", "3"]
        page.ask("document.querySelectorAll('#filters button')[0].click()")
        search(page, "STUHL")
        assert rows(page, 1) == ["3"]

        assert [url for url in page.requested() if not url.startswith("data:")] == [(plan / "report.html").as_uri()]
        assert [each for each in page.seen if each.get("method") == "Page.javascriptDialogOpening"] == []
        wide = "document.documentElement.scrollWidth <= innerWidth"
        for width in (1200, 390):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            assert page.ask(wide), f"it does not scroll sideways at {width} pixels"
        background = "getComputedStyle(document.documentElement).colorScheme"
        assert page.ask(background) == "light dark"


def test_a_plan_of_many_jobs_opens_and_shows_a_hundred_at_a_time(tmp_path: Path) -> None:
    folders = folders_of(tmp_path / "plan", [file_spec(tmp_path / f"mesh_{number}.glb") for number in range(1, 5001)])
    path = tmp_path / "page.html"
    assert write_page(folders, None, path) == 5000
    assert path.stat().st_size < 5000 * 150
    with opened(path, tmp_path / "browser") as page:
        page.open(path)
        assert (len(rows(page, 1)), rows(page, 1)[0]) == (100, "1")
        page.ask("document.getElementById('next').click()")
        assert (len(rows(page, 1)), rows(page, 1)[0]) == (100, "101")
        search(page, "4711")
        assert rows(page, 1) == ["4711"]
        assert page.ask("document.getElementById('count').textContent") == "1 jobs, page 1 of 1"
