# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result has to reach, and which of it one did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rough.known.kinds import Kind

WHOLE = (0.0003, 0.001)
"""Mean distance and its 99th percentile, as shares of the diagonal, for meshes that were whole."""
SPOILED = (0.0005, 0.003)
"""The same for meshes that were damaged."""
COLOR, FAR, ANGLE = 3.0, 0.001, 3.0
"""RMS of 255; the share of places more than 32 off, which stands for "none"; degrees, on mechanical parts."""
BUDGET = 0.99
"""Least share of the budget that is used, where the mesh had more than the budget."""
OVERLAP = 0.001


def missed(result: Mapping[str, Any], kind: Kind) -> list[str]:
    """In a few words each, the goals that the result of a case did not reach."""
    if "figures" not in result:
        return [str(result.get("error", "no result")).splitlines()[-1]]
    case, figures, report = result["case"], result["figures"], result["report"]
    mean, p99 = WHOLE if case["damage"] == "none" else SPOILED
    found = []
    if figures["mean"] > mean:
        found.append(f"mean {100 * figures['mean']:.3f} %")
    if figures["p99"] > p99:
        found.append(f"99th percentile {100 * figures['p99']:.2f} %")
    if kind.sharp and figures["angle"] > ANGLE:
        found.append(f"normals {figures['angle']:.1f}°")
    looks = _looks(figures) if case["texture"] else []
    return [*found, *_form(case, figures, report, kind), *looks]


def _form(case: Mapping[str, Any], figures: Mapping[str, Any], report: Mapping[str, Any], kind: Kind) -> list[str]:
    found = []
    if figures["open_edges"] and not kind.open_bodies:
        found.append(f"{figures['open_edges']} open edges")
    for name, words in (("bad_edges", "edges with three faces"), ("miswound", "edges wound badly"),
                        ("flat", "triangles without area")):  # fmt: skip
        if figures[name]:
            found.append(f"{figures[name]} {words}")
    if not kind.open_bodies and figures["volume"] <= 0.0:
        found.append("inside out")
    if figures["bodies"] != kind.bodies:
        found.append(f"{figures['bodies']} bodies instead of {kind.bodies}")
    if figures["lost"]:
        found.append(f"{len(figures['lost'])} parts lost")
    if case["quads"]:
        if not 0.9 <= figures["quads"] / case["quads"] <= 1.1:
            found.append(f"{figures['quads']} quads")
    else:
        count, budget = figures["triangles"], case["budget"]
        if count > budget or (report["way"] != "KEPT" and count < BUDGET * min(budget, case["triangles"])):
            found.append(f"{count} triangles")
    return found


def _looks(figures: Mapping[str, Any]) -> list[str]:
    found = []
    if figures["color"] is None or figures["color"] > COLOR:
        found.append(f"color {figures['color']:.1f}" if figures["color"] is not None else "no color")
    if (figures["color_far"] or 0.0) > FAR:
        found.append(f"{100 * figures['color_far']:.1f} % of the color far off")
    others = ("metallic", "roughness", "emission")
    found += [f"{name} {figures[name]:.1f}" for name in others if (figures[name] or 0.0) > 2.0 * COLOR]
    if (figures["alpha"] or 0.0) > 0.02:
        found.append(f"alpha wrong on {100 * figures['alpha']:.0f} %")
    if (figures["uv_overlap"] or 0.0) > OVERLAP:
        found.append(f"UVs overlap on {100 * figures['uv_overlap']:.1f} %")
    return found
