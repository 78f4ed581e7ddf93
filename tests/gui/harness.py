"""The pytest side of the GUI tests: a display, a Blender process per run, and what must be true after it.

Nothing here imports bpy. The other side is `driver.py`, which this module starts inside Blender.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCREEN_SIZE = tuple(map(int, os.environ.get("CSM_SCREEN_SIZE", "1280x800").split("x")))
#: Every process of a run inherits this variable, also one that left the process group on purpose.
MARKER = "CSM_GUI_RUN"
#: What children may take to notice that their Blender is gone.
GRACE_S = 10.0
#: On top of a scenario's own timeout, which the driver enforces: starting, and quitting.
START_AND_QUIT_S = 60.0


class ScenarioFailed(AssertionError):
    """A run that did not end as it should; the text says why, with Blender's own output."""


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    value: Any  #: what the scenario returned (through JSON)
    output: str  #: stdout and stderr of Blender and its children
    screens: Path  #: where its screenshots are
    seconds: float


def find_tool(name: str, blender: Path) -> str:
    """A program such as Xvfb: the one next to the launcher, which has the chroot's libraries, else the host's."""
    path = shutil.which(name, path=f"{blender.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if path is None:
        raise FileNotFoundError(f"{name} is neither next to {blender} nor on PATH")
    return path


@contextmanager
def virtual_display(xvfb: str) -> Iterator[str]:
    """Run an X server and yield its DISPLAY. It picks a free number itself and reports it when it is ready."""
    width, height = SCREEN_SIZE
    command = [xvfb, "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    try:
        number = server.stdout.readline().decode().strip()
        if not number:
            raise RuntimeError(f"{xvfb} ended with {server.wait()} before it had a display")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def make_user_directory(blender: Path, directory: Path, extension: Path | None) -> None:
    """Fill `directory` with quiet preferences and, if given, the installed and enabled extension."""
    env = clean_environment(directory)
    if extension is not None:
        install = ["--command", "extension", "install-file", "-r", "user_default", "-e", str(extension)]
        _check([str(blender), *install], env)
    _check([str(blender), "--background", "--python-exit-code", "1", "--python", str(HERE / "preferences.py")], env)


def clean_environment(directory: Path) -> dict[str, str]:
    """The caller's environment without anything that reaches another Blender's settings or jobs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CSM_", "BLENDER_", "XDG_", "WAYLAND_"))}
    # How to enter a chroot is not a setting of Blender's.
    kept |= {k: os.environ[k] for k in ("BLENDER_BIND",) if k in os.environ}
    places = {"HOME": "home", "BLENDER_USER_RESOURCES": "user", "CSM_HOME": "csm", "TMPDIR": "tmp"}
    for name in places.values():
        (directory / name).mkdir(parents=True, exist_ok=True)
    return kept | {variable: str(directory / name) for variable, name in places.items()}


@dataclass
class Blender:
    """One test's Blender: runs of the same test share its directories, so a second run is "started again"."""

    binary: Path
    display: str
    directory: Path
    screens: Path
    #: Whether it takes simulated events. While it does, it never sleeps: no way to see what idling costs.
    takes_events: bool = True

    def run(
        self,
        scenario: str,
        *,
        params: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        args: Sequence[str | Path] = (),
        timeout: float = 60.0,
        exit_code: int = 0,
        online: bool = True,
    ) -> Result:
        """Run the generator `scenario` ("scenarios/x.py:function") in a new Blender, called with `params`.

        `args` go before the script (a .blend to open); `exit_code` other than 0 is for a scenario that ends
        Blender itself, such as by SIGKILL (-9). Raises ScenarioFailed unless the scenario returned, Blender
        ended with that code, printed no Python traceback and left no process behind.
        """
        self.screens.mkdir(parents=True, exist_ok=True)
        file, _, function = scenario.partition(":")
        result_file = self.directory / "result.json"
        result_file.unlink(missing_ok=True)
        task = self.directory / "task.json"
        task.write_text(
            json.dumps(
                {
                    "scenario": str(HERE / file),
                    "function": function,
                    "params": dict(params or {}),
                    "timeout": timeout,
                    "result": str(result_file),
                    "screens": str(self.screens),
                }
            )
        )
        width, height = SCREEN_SIZE
        command = [str(self.binary), "--window-geometry", "0", "0", str(width), str(height)]
        command += ["--enable-event-simulate"] if self.takes_events else []
        command += ["-noaudio", "--online-mode" if online else "--offline-mode", *map(str, args)]
        command += ["--python", str(HERE / "driver.py"), "--", str(task)]
        run_id = uuid.uuid4().hex
        full_env = {**clean_environment(self.directory), **(env or {}), "DISPLAY": self.display, MARKER: run_id}
        started = time.monotonic()
        code, output = self._execute(command, full_env, timeout + START_AND_QUIT_S)
        left = end_leftovers(run_id, GRACE_S if code is not None else 0.0)
        outcome = json.loads(result_file.read_text()) if result_file.exists() else {}

        problems: list[str] = []
        if code is None:
            problems.append(f"Blender hung: killed after {timeout + START_AND_QUIT_S:.0f} s")
        elif code != exit_code:
            problems.append(f"Blender ended with {code}, not {exit_code}")
        if outcome.get("error"):
            problems.append(f"the scenario raised\n{outcome['error']}")
        elif not outcome and exit_code == 0:
            problems.append("Blender ended before the scenario did")
        if "Traceback (most recent call last)" in output:
            problems.append("a traceback was printed")
        problems += [f"still running: {process}" for process in left]
        if problems:
            problems += ["--- output", output]
            raise ScenarioFailed(f"{scenario} in {self.binary.name}: " + "\n".join(problems))
        return Result(outcome.get("value"), output, self.screens, time.monotonic() - started)

    def _execute(self, command: list[str], env: dict[str, str], timeout: float) -> tuple[int | None, str]:
        """Exit code (None: had to be killed) and output. A file, not a pipe: a leftover child must not block us."""
        log = self.directory / "output.txt"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, env=env, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
            try:
                code: int | None = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = None
            finally:  # also after Ctrl-C in pytest; nothing happens to a process that has ended
                process.kill()
                process.wait()
        return code, log.read_text(errors="replace")


def end_leftovers(run_id: str, grace: float) -> list[str]:
    """Wait for all processes of a run to end; kill and name those that do not within `grace` seconds."""
    deadline = time.monotonic() + grace
    while (left := dict(_processes(run_id))) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return [f"{pid} {command}" for pid, command in left.items()]


def _processes(run_id: str) -> Iterator[tuple[int, str]]:
    """The living processes whose environment carries the run's marker."""
    marker = f"{MARKER}={run_id}".encode()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            # A zombie's environment is empty, so it does not count.
            if marker in (directory / "environ").read_bytes().split(b"\0"):
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(directory.name), command.strip()
        except OSError:  # it ended meanwhile, or is another user's
            continue


def _check(command: Iterable[str], env: Mapping[str, str]) -> None:
    """Run a command that must succeed quickly; its output is the error message."""
    done = subprocess.run(
        list(command),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{list(command)} ended with {done.returncode}\n{done.stdout.decode(errors='replace')}")
