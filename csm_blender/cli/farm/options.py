# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be typed after ``plan``, ``work`` and ``assemble``."""

from __future__ import annotations

import argparse
from typing import Any

from ..options import add_job_options, add_json_option, add_waiting_options, count, whole


def add_farm_commands(subcommands: Any, epilog: str) -> list[argparse.ArgumentParser]:
    """Add the subcommands, with the exit status in *epilog*; give those that may be told the service."""
    about = {"epilog": epilog, "formatter_class": argparse.RawDescriptionHelpFormatter}
    plan = subcommands.add_parser(
        "plan",
        help="write down the jobs of a refine, for many machines to work on",
        description="Measure every block-out once and write DIR/plan.json: all that work needs, without a key. Takes"
        " the options of refine. Nothing is sent.",
        **about,
    )
    add_job_options(plan)
    plan.add_argument("--out", required=True, metavar="DIR", help="the folder to write the plan into")
    add_waiting_options(plan)
    work = subcommands.add_parser(
        "work",
        help="do the jobs of a plan, next to any number of others",
        description="Do the jobs of a plan: ask, fetch, remesh, convert. May be called any number of times, on any"
        " machines: what is done is left, what was killed goes on, and no session is paid for twice.",
        **about,
    )
    work.add_argument("--index", type=count, metavar="I", help="only job I, counted from 1")
    work.add_argument(
        "--send-again",
        action="store_true",
        help="send the request once more for jobs whose request was never answered; may spend credits a second time",
    )
    work.add_argument("--status", action="store_true", help="show how far the plan is, and do nothing")
    work.add_argument(
        "--blender", metavar="FILE", help="the Blender that converts, where this Python has no bpy (and is no Blender)"
    )
    work.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="have the workers of the Dask cluster with this scheduler do the jobs, as tcp://HOST:8786",
    )
    work.add_argument(
        "--openjd", action="store_true", help="show progress as openjd_progress and openjd_status lines, for farms"
    )
    add_json_option(work, "a line of JSON for each job that ended")
    add_waiting_options(work, of_plan=True)
    assemble = subcommands.add_parser(
        "assemble",
        help="place the results that a plan has so far",
        description="Place the results that a plan has so far where their block-outs are now, and save the scene. "
        "Called again, it places what is new.",
        **about,
    )
    assemble.add_argument("--output", metavar="OUT.blend", help="save the scene with the results here")
    assemble.add_argument("--blend", metavar="FILE", help="the scene, where it is not the file of the plan any more")
    assemble.add_argument("--link", action="store_true", help="link the results instead of appending them")
    add_json_option(assemble, "the report as JSON")
    report = subcommands.add_parser(
        "report",
        help="write how far a plan is as one HTML page with pictures",
        description="Write how far a plan is as one HTML page, with a small picture of each result. The pictures are"
        " made where bpy is, and kept in the plan.",
        **about,
    )
    report.add_argument("--output", metavar="FILE", help="where to write the page (default: PLAN_DIR/report.html)")
    report.add_argument(
        "--pictures",
        type=whole,
        default=200,
        metavar="N",
        help="make at most so many missing pictures, half a second each (default: 200)",
    )
    add_json_option(report)
    for sub in (work, assemble, report):
        sub.add_argument("plan", metavar="PLAN_DIR", help="the folder that plan wrote")
    for sub in (work, report):
        sub.add_argument("--range", metavar="A-B", help="only jobs A to B")
    return [plan, work]
