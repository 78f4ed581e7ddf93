# SPDX-License-Identifier: GPL-3.0-or-later
"""``add``: what cannot be refined is refused at once, with the reason; what is taken can be refined."""

from __future__ import annotations

import base64
import copy
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_glb
from csm_server import cli
from serving import refined, wait

FLOATS = 5126


def without_position_data(document):
    """All positions are zeros: the file describes them without holding them."""
    del document["accessors"][0]["bufferView"]


def sparse(document, values):
    """The positions are zeros but for those that the sparse part holds: eight, as the box has."""
    data = struct.pack("<8H", *range(8)) + b"".join(struct.pack("<3f", *value) for value in values)
    document["buffers"].append(
        {"byteLength": len(data), "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode()}
    )
    document["bufferViews"] += [
        {"buffer": 1, "byteOffset": 0, "byteLength": 16},
        {"buffer": 1, "byteOffset": 16, "byteLength": 96},
    ]
    without_position_data(document)
    document["accessors"][0]["sparse"] = {
        "count": 8,
        "indices": {"bufferView": 2, "componentType": 5123},
        "values": {"bufferView": 3},
    }


def as_mode(document, mode):
    document["meshes"][0]["primitives"][0]["mode"] = mode


def in_mode(mode, *corners):
    """Triangles of that mode, through these corners of the box."""

    def change(document):
        as_mode(document, mode)
        document["accessors"][1]["count"] = len(corners)

    indices = struct.pack(f"<{len(corners)}H", *corners)
    return box(change, tiny_glb.box_binary()[:96] + indices.ljust(72, b"\0"))


def box(change=lambda document: None, binary=None):
    document = copy.deepcopy(tiny_glb.box_document())
    change(document)
    return tiny_glb.glb(document, binary)


def with_value(value):
    """A box whose first coordinate is *value*."""
    return struct.pack("<f", value) + tiny_glb.box_binary()[4:]


def outside_picture(document):
    document["images"] = [{"uri": "wood.png"}]


def outside_buffer(document):
    document["buffers"][0]["uri"] = "box.bin"


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"a web page", "no GLB"),
    "JSON": (json.dumps(tiny_glb.box_document()).encode(), "no GLB"),
    "version 1": (b"glTF" + struct.pack("<I", 1) + tiny_glb.glb()[8:], "version 1; only version 2"),
    "version 0": (b"glTF" + struct.pack("<I", 0) + tiny_glb.glb()[8:], "version 0; only version 2"),
    "magic only": (b"glTF", "truncated"),
    "cut": (tiny_glb.glb()[:-10], "truncated"),
    "too long": (tiny_glb.glb() + b"more", "bytes instead of"),
    "no scenes": (box(lambda document: document.pop("scenes")), "no scene"),
    "empty scene": (box(lambda document: document["scenes"][0].update(nodes=[])), "no triangle"),
    "no meshes": (box(lambda document: document["nodes"][0].pop("mesh")), "no mesh"),
    "points": (box(lambda document: as_mode(document, 0)), "no triangle"),
    "lines": (box(lambda document: as_mode(document, 1)), "no triangle"),
    "NaN": (box(binary=with_value(float("nan"))), "not finite"),
    "infinite": (box(binary=with_value(float("inf"))), "not finite"),
    "all zeros": (box(without_position_data), "without size"),
    "a sparse mesh of one point": (box(lambda document: sparse(document, [(1, 1, 1)] * 8)), "without size"),
    "picture outside": (box(outside_picture), "outside itself|another file"),
    "buffer outside": (box(outside_buffer), "outside itself|another file"),
    "bad indices": (box(lambda document: document["accessors"][0].update(count=2)), "does not hold"),
    "a ring of nodes": (box(lambda document: document["nodes"][0].update(children=[0])), "no tree"),
}


def add(capsys, tmp_path, data, *words):
    """Exit status, standard output and standard error of ``add``."""
    path = tmp_path / "mesh.glb"
    path.write_bytes(data)
    status = cli.main(["add", str(path), "--data", str(tmp_path / "data"), *words])
    return status, *capsys.readouterr()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_refined_is_refused_with_the_reason(capsys, tmp_path, name):
    data, reason = REFUSED[name]
    status, out, err = add(capsys, tmp_path, data)
    assert (status, out) == (2, "")
    assert err.startswith("csm_server add: ")
    assert len(err.splitlines()) == 1
    assert re.search(reason, err), err
    assert not list(Path(tmp_path, "data").glob("sessions/*"))


def test_version_1_is_named_once(capsys, tmp_path):
    assert add(capsys, tmp_path, REFUSED["version 1"][0])[2].count("version 1") == 1


TAKEN = {
    "triangles": box(),
    "sparse positions": box(lambda document: sparse(document, tiny_glb.POSITIONS)),
    "a strip": in_mode(5, 0, 1, 2, 3, 6, 7, 4, 5),
    "a fan": in_mode(6, 7, 6, 4, 5, 1, 3, 2, 6),
    "no default scene": box(lambda document: document.pop("scene")),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_can_be_refined(capsys, service, tmp_path, name):
    path = tmp_path / "mesh.glb"
    path.write_bytes(TAKEN[name])
    assert cli.main(["add", str(path), "--data", str(service.data), "--style", "2024"]) == 0
    code = capsys.readouterr().out.strip()
    assert refined(service, code, scaled_bbox=[1, 2, 3])
    data = wait(service, code)
    for field in ("image_url", "preview_mesh_url_obj", "preview_mesh_url_zip", "mesh_url_obj"):
        assert service.request("GET", data[field]).status == 200, field


def test_bad_codes_and_files(capsys, tmp_path):
    assert add(capsys, tmp_path, box(), "--session", "SESSION_1")[:2] == (0, "SESSION_1\n")
    for code, reason in {"SESSION_1": "already", "../x": "no session code"}.items():
        status, _, err = add(capsys, tmp_path, box(), "--session", code)
        assert status == 2
        assert reason in err
    for path in (tmp_path, tmp_path / "none.glb"):
        assert cli.main(["add", str(path), "--data", str(tmp_path / "data")]) == 2
        assert str(path) in capsys.readouterr().err


def test_it_is_a_command(tmp_path):
    (tmp_path / "bad.glb").write_bytes(b"")
    server = Path(cli.__file__).parent
    done = subprocess.run(
        [sys.executable, server, "add", tmp_path / "bad.glb", "--data", tmp_path / "data"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"csm_server add: {tmp_path / 'bad.glb'} cannot be added: the file is empty.\n"
