"""Choose a session by its picture instead of typing its code."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from harness import Blender
from tiny_glb import glb

from csm_blender.core.files import session_cache
from csm_blender.core.files.session_cache import PAGE_SIZE, Entry, SessionCatalog

SCENARIOS = "scenarios/browser.py"


def test_browse_choose_assign_and_again_offline(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    seen = blender.run(f"{SCENARIOS}:browse", env=env, timeout=150).value
    assert len(set(seen["codes"])) == 8
    assert seen["code_before"] == ""
    assert seen["found"]
    assert all("chair" in name.lower() for name in seen["found"])
    assert [seen["code_after"]] == seen["first_found"] == [seen["assigned"]] == [seen["previewed"]]
    assert service.counts()["post"] == {}
    service.stop()
    again = blender.run(f"{SCENARIOS}:offline", env=env, timeout=150).value
    assert again == {"codes": seen["codes"], "icons": [True] * 8}


def test_load_more_lists_the_next_page(blender: Blender, service: Any) -> None:
    for _ in range(PAGE_SIZE - 3):  # eight are there
        service.add_session(None, glb(), style="2025")
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    seen = blender.run(f"{SCENARIOS}:load_more", env=env, timeout=300).value
    assert len(seen["first"]) == PAGE_SIZE
    assert len(set(seen["all"])) == PAGE_SIZE + 5
    assert seen["all"][:PAGE_SIZE] == seen["first"], "what was listed stays where it was"
    assert not seen["has_more"]


def test_five_thousand_sessions(blender: Blender, service: Any) -> None:
    many = tuple(
        Entry(f"SESSION_{1_700_000_000 + n}_{n:07}", "preview_done", f"chair {n}", "2026-01-01") for n in range(5000)
    )
    folder = session_cache.folder_for(blender.directory / "csm", service.url)
    session_cache.save(SessionCatalog(many, 5000, 100, time.time()), folder)
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    seen = blender.run(f"{SCENARIOS}:five_thousand", env=env, timeout=150).value
    # Measured, not asserted: other tests share the machine.
    (blender.screens / "browser-cost.json").write_text(json.dumps(seen))
    assert asdict(session_cache.load(folder))["total"] == 5000
