# SPDX-License-Identifier: GPL-3.0-or-later
"""``remesh IN OUT``: the local engine alone, without a scene, a key, a job store or the network."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from ..core.errors import BadMesh, BadOutput, BadSource
from ..core.files.mesh_format import find_format
from ..core.processes.child_process import Progress
from ..core.processes.launch import Interpreters
from ..core.processes.remesh_child import RemeshFiles, companion_in_the_way, remesh_in_child
from ..core.remesh import WRITABLE, RemeshReport
from .console import print_table, say
from .job_arguments import typed_path
from .options import remesh_options

_COLUMNS = 79
_HINT = "Check the path; remesh --help lists the formats that can be read."


def remesh(options: argparse.Namespace, interpreters: Interpreters) -> RemeshReport:
    """Do what the *options* say. Raises :class:`UsageError` before any work for what cannot be right."""
    wanted = remesh_options(options)
    files = checked_files(options.input, options.output)
    show = _Line() if sys.stderr.isatty() else _Lines()
    try:
        return remesh_in_child(interpreters, files, wanted, show, options.timeout)
    finally:
        show.end()


def checked_files(source: str, target: str) -> RemeshFiles:
    """The paths of IN and OUT. Raises :class:`BadSource` and :class:`BadOutput`; writes nothing."""
    there, made = typed_path(source), typed_path(target)
    _check_input(there)
    _check_output(made)
    if made.exists() and made.samefile(there):
        raise BadOutput("The output is the input file.", "Give the output another name: the input is never changed.")
    if problem := companion_in_the_way(made, (f"{made.stem}.mtl",) if made.suffix.lower() == ".obj" else ()):
        raise problem
    return RemeshFiles(there, made)


def _check_input(path: Path) -> None:
    if path.is_dir():
        raise BadSource("The input {path} is a folder.", "Give the mesh file in it.", path=path)
    if not path.exists():
        raise BadSource("There is no file {path}.", _HINT, path=path)
    if not path.is_file():
        raise BadSource("The input {path} is no plain file.", _HINT, path=path)
    try:
        find_format(path)
    except BadMesh as error:
        raise BadSource(error.message, _HINT) from error
    except OSError as error:
        hint = "Check that you may read it."
        raise BadSource("The file {path} cannot be read: {reason}.", hint, path=path, reason=error) from error


def _check_output(path: Path) -> None:
    if f".{path.name.lower().lstrip('.')}" in WRITABLE:
        raise BadOutput("The output {name} has nothing before its suffix.", "Give the file a name.", name=path.name)
    if path.suffix.lower() not in WRITABLE:
        raise BadOutput(
            "The output {name} has none of the suffixes that can be written: {names}.",
            "Give it one of them; .glb is read by most programs.",
            name=path.name,
            names=", ".join(WRITABLE),
        )
    if path.is_dir():
        raise BadOutput("The output {path} is a folder.", "Give it the name of a file.", path=path)
    if not path.parent.is_dir():
        raise BadOutput("The folder {parent} does not exist.", "Make it first.", parent=path.parent)
    if path.exists() and not os.access(path, os.W_OK):
        raise BadOutput("The output {path} is write-protected.", "Give it another name.", path=path)


def print_report(report: RemeshReport, target: str) -> None:
    """The report for people, on stdout; its notes on stderr."""
    before, after = report.input, report.output
    faces = f"{after.quads:,} quads" if after.quads else f"{after.triangles:,} triangles"
    closed, dropped = _count(report.holes_closed, "hole", "holes"), _count(report.bodies_dropped, "body", "bodies")
    rows = [
        ["before", f"{before.triangles:,} triangles, {_count(before.bodies, 'body', 'bodies')}"],
        ["", f"{before.open_edges:,} open edges, {before.non_manifold_edges:,} edges with more than two faces"],
        ["after", f"{faces}, {after.vertices:,} vertices, {'watertight' if after.watertight else 'not watertight'}"],
        ["way", f"{report.way.lower()}, {closed} closed, {dropped} dropped"],
        ["deviation", _deviation(report)],
        ["texture", f"{after.texture} x {after.texture} pixels" if after.texture else "none"],
        ["seconds", f"{report.seconds:.1f}"],
        ["written to", target],
    ]  # fmt: skip
    print_table(rows, ["remesh", ""])
    for note in report.notes:
        say(f"Note: {note}")


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _deviation(report: RemeshReport) -> str:
    if report.deviation is None:
        return "none"
    mean, p99, most = (f"{share:.3%}" for share in (report.deviation.mean, report.deviation.p99, report.deviation.max))
    return f"mean {mean}, 99th percentile {p99}, largest {most} of the diagonal"


class _Lines:
    """Progress where no one looks on: a line for each stage."""

    def __init__(self) -> None:
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        """Print the stage if it is another one."""
        if progress.text and progress.text != self._stage:
            self._stage = progress.text
            say(f"{progress.text}")

    def end(self) -> None:
        """Nothing is left to do."""


class _Line(_Lines):
    """Progress on a terminal: one line that is written over."""

    def __call__(self, progress: Progress) -> None:
        """Write the stage and the percentage over what stands there."""
        text = f"{progress.text or 'Starting Blender'} {progress.share:.0%}"
        if text != self._stage:
            self._stage = text
            _write_over(f"\r{text[:_COLUMNS]:<{_COLUMNS}}")

    def end(self) -> None:
        """Leave the line empty."""
        _write_over(f"\r{'':<{_COLUMNS}}\r")


def _write_over(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed
        sys.stderr.write(text)
        sys.stderr.flush()
