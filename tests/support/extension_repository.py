# SPDX-License-Identifier: GPL-3.0-or-later
"""An extension repository on loopback, and a Blender in a fresh home that takes its extensions from there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blenders import make_block_out
from common import ROOT, load_script

REPOSITORY = "csm"
"""Its name in Blender, so that the extension is ``bl_ext.csm.csm_blender``."""

LONGEST_RUN_S = 240.0
"""What no call of a Blender here comes near, on a machine that does much else."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve *folder* as anybody can, with ``python -m http.server``; gives its address, without a slash at the end."""
    call = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        port = re.search(r"port (\d+)", server.stdout.readline())
        assert port is not None, "the server did not start"
        yield f"http://127.0.0.1:{port[1]}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def publish(folder: Path, archive: Path) -> None:
    """Make *folder* a repository that offers *archive*, and nothing that it offered before."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.zip"):
        old.unlink()
    shutil.copy(archive, folder)
    load_script("build.py").run_tool("server-generate", "--repo-dir", str(folder))


def build_extension(folder: Path) -> Path:
    """The extension of this tree, as ``scripts/build.py`` makes it."""
    call = [sys.executable, str(ROOT / "scripts" / "build.py"), "--output", str(folder)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().splitlines()[-1])


class FreshBlender:
    """A Blender with an empty home: what it installs, stores and saves is in *home*."""

    def __init__(self, binary: Path, home: Path, **variables: str) -> None:
        self.binary, self.home = binary, home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CSM_", "BLENDER_USER"))}
        self.around = {**kept, "HOME": str(home), "BLENDER_USER_RESOURCES": str(home / "user"), **variables}
        home.mkdir(parents=True, exist_ok=True)

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Start it with *words*, to its end."""
        call = [str(self.binary), *map(str, words)]
        return subprocess.run(
            call, capture_output=True, text=True, env=self.around, cwd=self.home, timeout=LONGEST_RUN_S, check=False
        )

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start it with *words*."""
        call = [str(self.binary), *map(str, words)]
        return subprocess.Popen(call, text=True, env=self.around, cwd=self.home, stdout=subprocess.DEVNULL)

    def extension(self, *words: object) -> str:
        """``blender --command extension …``, which must succeed. What it said."""
        done = self.run("--online-mode", "--command", "extension", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def csm(self, *words: object, scene: Path | None = None, status: int = 0) -> dict[str, Any]:
        """``blender --command csm … --json``, offline, which must end with *status*: its report."""
        opened = [scene] if scene else []
        done = self.run("--offline-mode", *opened, "--command", "csm", *words, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        return report

    def take_from(self, address: str) -> None:
        """Install and enable the extension from the repository at *address*, with no other one in the way."""
        for known in ("blender_org",):  # it is asked at each sync, and there is no network
            self.extension("repo-remove", known)
        self.extension("repo-add", REPOSITORY, "--url", f"{address}/index.json")
        self.extension("sync")
        self.extension("install", "csm_blender", "--enable")

    @property
    def installed(self) -> Path:
        """The folder of the installed extension."""
        return self.home / "user" / "extensions" / REPOSITORY / "csm_blender"

    @property
    def jobs_home(self) -> Path:
        """The folder of its job store."""
        return self.home / "user" / "extensions" / ".user" / REPOSITORY / "csm_blender" / "jobs"

    def block_out(self, name: str) -> Path:
        """A saved scene with a block-out, Chair."""
        call: Callable[..., Any] = self.run
        return make_block_out(call, self.home / name)
