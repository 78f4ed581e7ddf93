# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be a block-out, with every fate of the original: measured, and written down for docs/fit.md."""

from __future__ import annotations

import json
import os
from pathlib import Path

import fit_measure as fm
import pytest
from fit_bench import Order, Outcome, new_scene, open_file, refine_all, save
from fit_kind import Kind, add
from fit_kinds import KINDS, NO_SIZE

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import NoSize, TargetUnchangeable
from csm_blender.core.models import Original
from csm_blender.scene.versions.history import toggle_original

FATES = tuple(Original)
CANNOT_HOLD_A_MESH = "cannot hold a mesh"
REFUSED = {"linked object": (Original.HIDE, Original.REPLACE), "several objects, one box": (Original.REPLACE,)}
MESHES = {
    name
    for name in KINDS
    if not any(
        word in name
        for word in (
            "curve", "surface", "text", "metaball", "cloud", "volume", "pencil", "lattice", "empty", "collection inst",
            "instance of",
        )
    )
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def table():
    """The cells, by kind and fate, written to $CSM_FIT_TABLE when the module is done."""
    cells: dict[str, dict[str, str]] = {}
    yield cells
    if target := os.environ.get("CSM_FIT_TABLE"):
        data = {"version": bpy.app.version_string, "cells": cells}
        Path(target).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def refined(name: str, fate: Original, folder: Path) -> tuple[Kind, Outcome]:
    new_scene()
    kind = KINDS[name](folder)
    save(folder / "in.blend")
    order = Order(kind.names, fate, scene=kind.scene, copies=bool(kind.copies))
    [outcome] = refine_all(folder / "in.blend", [order], folder / "out.blend", folder / "jobs")
    open_file(folder / "out.blend")
    return kind, outcome


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("name", list(KINDS))
def test_the_result_fills_the_box(name: str, fate: Original, tmp_path: Path, table: dict) -> None:
    kind, outcome = refined(name, fate, tmp_path)
    row = table.setdefault(name, {})
    if fate in REFUSED.get(name, ()) or (fate is Original.REPLACE and name not in MESHES):
        assert isinstance(outcome.error, TargetUnchangeable)
        assert outcome.job is None, "it must be refused before anything is sent"
        assert outcome.error.hint
        row[fate] = "refused: " + _reason(str(outcome.error))
        return
    assert outcome.error is None, str(outcome.error)
    show_all_scenes(kind)
    obj = bpy.data.objects[outcome.object_name]
    if fate is Original.REPLACE:
        assert obj.hide_viewport == name.startswith("hidden, "), "whether it is seen is the artist's business"
        obj.hide_viewport = False
    error = max(fm.distance(fm.result_corners(obj), kind.corners), fm.origin_distance(obj, kind.origin, kind.corners))
    for copy_name, corners in kind.copies.items():
        copy = bpy.data.objects[copy_name if fate is Original.REPLACE else f"{copy_name}_refined"]
        assert copy.data == obj.data
        error = max(error, fm.distance(fm.result_corners(copy), corners))
    assert error <= kind.limit
    # What the add-on says about itself is true.
    assert outcome.placed.report.placed_error == pytest.approx(error, abs=1e-6)
    check_fate_was_done(name, kind, fate, obj)
    row[fate] = f"{error:.0e}"


def show_all_scenes(kind: Kind) -> None:
    """Make sure that what is measured is evaluated: a result in an excluded collection is not."""
    if kind.scene:
        bpy.context.window.scene = bpy.data.scenes[kind.scene]
    for layer in bpy.context.view_layer.layer_collection.children:
        layer.exclude = False
    for obj in bpy.context.scene.objects:
        obj.hide_set(False)


def check_fate_was_done(name: str, kind: Kind, fate: Original, result: bpy.types.Object) -> None:
    scene = bpy.context.scene
    target = scene.objects.get(kind.names) or scene.objects["A+B"]
    was_hidden = target.hide_viewport
    if fate is Original.REPLACE:
        assert result == target
        own = target.data
        assert toggle_original(target) is True
        assert target.data != own
        assert toggle_original(target) is False
        assert target.data == own
        return
    assert result != target
    assert not result.hide_viewport
    assert not result.hide_render
    assert was_hidden == (fate is Original.HIDE or name.startswith("hidden, "))
    if target.library is None:
        alone = was_hidden  # the result is; otherwise both are there, and the result is left
        assert toggle_original(result) is alone
        assert target.hide_viewport != alone
        assert result.hide_viewport == alone
        assert toggle_original(target) is not alone
        assert target.hide_viewport == alone


@pytest.mark.parametrize("name", list(NO_SIZE))
def test_what_has_no_size_is_refused(name: str, tmp_path: Path, table: dict) -> None:
    new_scene()
    add("Thing", NO_SIZE[name]())
    save(tmp_path / "in.blend")
    orders = [Order("Thing", fate) for fate in FATES]
    for fate, outcome in zip(
        FATES, refine_all(tmp_path / "in.blend", orders, tmp_path / "o.blend", tmp_path), strict=True
    ):
        assert isinstance(outcome.error, NoSize | TargetUnchangeable)
        assert "Thing" in str(outcome.error)
        table.setdefault(name, {})[fate] = "refused: " + _reason(str(outcome.error))


def _reason(sentence: str) -> str:
    for words in (CANNOT_HOLD_A_MESH, "linked from another file", "cannot replace the meshes", "no size"):
        if words in sentence:
            return words
    raise AssertionError(sentence)
