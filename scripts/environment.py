# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments of this project, made when they are first asked for, in ``.venvs`` beside this folder.

``python scripts/environment.py NAME`` prints the interpreter of one of them, making it if need be.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venvs"
SERVICE_REQUIREMENTS = ROOT / "scripts" / "csm_server" / "requirements.txt"
LONGEST_WAIT_S = 1800.0
"""How long a process waits while another one makes the environment it wants."""
BLENDERS = {"4.2": ("3.11", "bpy==4.2.23"), "4.5": ("3.11", "bpy==4.5.15"), "5.2": ("3.13", "bpy==5.2.3")}
"""Blender as a module: the Python it is built for, and the wheel."""


class MissingPython(RuntimeError):
    """No interpreter of the needed version; the text says how to get one."""


@dataclass(frozen=True)
class Environment:
    """What goes into a virtual environment: one of several Pythons will do, then pip's arguments."""

    pythons: tuple[str, ...]
    packages: tuple[str, ...]

    def fingerprint(self) -> str:
        """Changes with what is to be installed, not with where the project lies."""
        words = [word.replace(str(SERVICE_REQUIREMENTS), SERVICE_REQUIREMENTS.read_text()) for word in self.packages]
        return hashlib.sha256(repr((self.pythons, words)).encode()).hexdigest()


def environments() -> dict[str, Environment]:
    """All by name: ``test`` (tools and the local service), ``service``, ``lint``, one for each Blender, and five more.

    ``farm`` has what spreads jobs over machines (Dask, OpenJD) beside a Blender, as a worker of a farm has. ``docs``
    makes the site, ``workflows`` and ``release`` check what their names say, ``peers`` holds what the local engine is
    timed against: only what needs them asks for them.
    """
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    either = ("3.11", "3.13")
    service = ("-r", str(SERVICE_REQUIREMENTS))
    found = {
        "test": Environment(either, (*groups["test"], *service)),
        "service": Environment(either, service),
        "lint": Environment(("3.11",), tuple(groups["lint"])),
        "docs": Environment(either, tuple(groups["docs"])),
        "workflows": Environment(either, tuple(groups["workflows"])),
        "release": Environment(either, tuple(groups["release"])),
        "peers": Environment(either, tuple(groups["peers"])),
        "farm": Environment((BLENDERS["5.2"][0],), (BLENDERS["5.2"][1], *groups["farm"], *service)),
    }
    for version, (python, wheel) in BLENDERS.items():
        found[f"bpy-{version}"] = Environment((python,), (wheel, *groups["bpy-test"]))
    return found


def python_of(name: str) -> Path:
    """The interpreter of environment *name*, made or brought up to date first. Raises :class:`MissingPython`.

    A process that asks while another one makes it waits for that one.
    """
    FOLDER.mkdir(exist_ok=True)
    with closing(sqlite3.connect(FOLDER / f"{name}.lock", timeout=LONGEST_WAIT_S, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")  # a lock that works on every platform and ends with its process
        return _made(name)


def _made(name: str) -> Path:
    wanted = environments()[name]
    folder = FOLDER / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "stamp"
    fingerprint = wanted.fingerprint()
    if stamp.is_file() and stamp.read_text() == fingerprint and python.exists():
        return python
    base = find_python(wanted.pythons, name)
    print(f"Making the environment {name} with {base} …", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted.packages]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    stamp.write_text(fingerprint)
    return python


def find_python(versions: tuple[str, ...], purpose: str) -> str:
    """An interpreter of one of *versions*. Raises :class:`MissingPython` with the way to get one."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in versions:
        candidates = [getattr(sys, "_base_executable", "") or sys.executable] if version == running else []
        candidates += [shutil.which(f"python{version}") or ""]
        candidates += [str(path) for path in sorted(_pyenv_versions().glob(f"{version}.*/bin/python"), reverse=True)]
        for candidate in candidates:
            if candidate and _has_version(candidate, version):
                return candidate
    wanted = " or ".join(versions)
    raise MissingPython(
        f"Python {wanted} is needed for {purpose} and was not found. Get it from python.org, with"
        f" 'pyenv install {versions[0]}' or 'uv python install {versions[0]}', so that python{versions[0]} is found."
    )


def _pyenv_versions() -> Path:
    """Where pyenv keeps its Pythons; those that are not active are not on the PATH."""
    root = os.environ.get("PYENV_ROOT")
    if not root and shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
    return Path(root or Path.home() / ".pyenv") / "versions"


def _has_version(python: str, version: str) -> bool:
    """Whether *python* really runs and is that version: a pyenv shim exists for versions that are not active, too."""
    question = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == version


if __name__ == "__main__":
    try:
        print(python_of(sys.argv[1]))
    except MissingPython as missing:
        sys.exit(str(missing))
    except (IndexError, KeyError):
        sys.exit(f"usage: environment.py {'|'.join(environments())}")
