# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the references of the command line and of the operators: ``reference.py COMMAND_LINE.md OPERATORS.md``.

Runs in a Blender as a module, and asks the parser and the registered classes themselves. Both files are there
already and are added to.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import bpy

import csm_blender
from csm_blender.cli.parser import build_parser


def main(command_line: str, operators: str) -> None:
    """Write both."""
    for name, sections in ((command_line, commands()), (operators, all_operators())):
        with Path(name).open("a", encoding="utf-8") as page:
            page.write("\n" + "\n".join(sections))


def commands() -> Iterator[str]:
    """A section for each subcommand: its options, group by group."""
    yield "## All options\n"
    yield "This part is made from the parser of this version; `--help` shows the same.\n"
    parser = build_parser("csm")
    [choices] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no other way
    for name, sub in choices.choices.items():
        yield f"### {name}\n"
        yield f"{plain(sub.description)}\n"
        words = [word(action) for action in sub._get_positional_actions()]  # noqa: SLF001 - argparse has no other way
        yield f"```\n{' '.join(['csm', name, *words, '[OPTIONS]'])}\n```\n"
        yield from options(sub)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """A table of the arguments of a subcommand."""
    yield "| option | what |\n|---|---|"
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public way to ask
        for action in group._group_actions:  # noqa: SLF001 - argparse has no other way
            if isinstance(action, argparse._HelpAction):  # noqa: SLF001 - argparse has no other way
                continue
            names = ", ".join(f"`{name}{argument(action)}`" for name in action.option_strings) or f"`{word(action)}`"
            yield f"| {names} | {plain(action.help)} |"
    yield ""


def word(action: argparse.Action) -> str:
    """How an argument without a name is written."""
    return str(action.metavar or action.dest.upper())


def argument(action: argparse.Action) -> str:
    """What follows the name of an option, after a space."""
    if action.nargs == 0:
        return ""
    if action.choices:
        return " " + "\\|".join(map(str, action.choices))
    return f" {word(action)}"


def plain(text: str | None) -> str:
    """A sentence for a cell of a table."""
    return " ".join((text or "").split()).replace("|", "\\|").replace("%%", "%")


def all_operators() -> Iterator[str]:
    """A section for each registered operator, in the order of their names."""
    yield "## All operators\n"
    yield "This part is made from the registered classes of this version.\n"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    csm_blender.register()
    try:
        for name in sorted(dir(bpy.ops.csm)):
            yield from operator(name, getattr(bpy.ops.csm, name).get_rna_type())
    finally:
        csm_blender.unregister()


def operator(name: str, rna: Any) -> Iterator[str]:
    """The section of one operator."""
    yield f"### csm.{name}\n"
    yield f"**{sentence(rna.name)}** {sentence(plain(rna.description))}\n"
    properties = [one for one in rna.properties if one.identifier != "rna_type" and not one.is_hidden]
    if properties:
        yield "| property | type | default | what |\n|---|---|---|---|"
        for one in properties:
            words = plain(one.description or one.name.replace("_", " "))
            yield f"| `{one.identifier}` | {kind(one)} | `{default(one)}` | {words} |"
        yield ""


def sentence(text: str) -> str:
    """*text* with the stop that Blender's tooltips leave out."""
    return text if text.endswith((".", "?")) else f"{text}."


def kind(one: Any) -> str:
    """The type of a property, with its choices."""
    if one.type == "ENUM" and one.enum_items:
        return ", ".join(f"`{item.identifier}`" for item in one.enum_items)
    return str(
        {"STRING": "text", "BOOLEAN": "yes or no", "INT": "whole number", "FLOAT": "number"}.get(one.type, one.type)
    )


def default(one: Any) -> str:
    """The value of a property that is left out, as Python writes it."""
    if getattr(one, "is_array", False):
        return repr(tuple(one.default_array))
    if one.type in {"COLLECTION", "POINTER"}:
        return "-"
    return repr(one.default)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # the wheel of 4.2 crashes on its own way out once classes were registered
