# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials of a release, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), and its licenses.

The zip holds this project's own files only. What they import beyond Python's standard library comes with Blender; it is
listed as required, and marked as brought by Blender. It is found in the sources, so that nothing new stays unlisted.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

PURPOSE = uuid.UUID("5f0c6b0e-2f0b-5e0e-9f5e-0d6d1f4e6a11")
"""The name space of the serial numbers, which are made of the zip's bytes: the same zip has the same one."""
_BLENDER = "the application the extension runs in"
BROUGHT = {
    "bpy": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "bmesh": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "bpy_extras": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "gpu": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "gpu_extras": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "mathutils": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "blf": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "addon_utils": ("Blender", "GPL-3.0-or-later", _BLENDER),
    "numpy": ("numpy", "BSD-3-Clause", "arrays"),
    "requests": ("requests", "Apache-2.0", "HTTP"),
    "urllib3": ("urllib3", "MIT", "HTTP, below requests"),
}
"""Modules that Blender brings: the name of what they belong to, its license, and what it is there for."""

OPTIONAL = {"distributed": ("distributed", "BSD-3-Clause", "spreads the work of a farm, for work --dask")}
"""Modules that are used where the user has installed them."""
_KNOWN = {**BROUGHT, **OPTIONAL}


class UnknownModule(ValueError):
    """The sources import a module that is neither Python's nor listed here."""


def bill_of_materials(archive: Path, manifest: dict[str, Any], date: str) -> str:
    """The bill of *archive* as JSON, the same for the same bytes. Raises :class:`UnknownModule`."""
    license_id = manifest["license"][0].removeprefix("SPDX:")
    purl = f"pkg:generic/{manifest['id']}@{manifest['version']}"
    with zipfile.ZipFile(archive) as bundle:
        content = {name: bundle.read(name) for name in sorted(bundle.namelist()) if not name.endswith("/")}
    brought = [_used(*facts) for facts in _facts(content)]
    whole = {
        "type": "application",
        "bom-ref": purl,
        "name": manifest["id"],
        "version": manifest["version"],
        "description": manifest["tagline"],
        "licenses": [{"license": {"id": license_id}}],
        "purl": purl,
        "hashes": [_hash(archive.read_bytes())],
        "components": [_file(name, data, license_id) for name, data in content.items()],
    }
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(PURPOSE, hashlib.sha256(archive.read_bytes()).hexdigest())}",
        "version": 1,
        "metadata": {"timestamp": f"{date}T00:00:00Z", "component": whole},
        "components": brought,
        "dependencies": [
            {"ref": purl, "dependsOn": [part["bom-ref"] for part in brought]},
            *({"ref": part["bom-ref"]} for part in brought),
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def licenses(manifest: dict[str, Any], content: dict[str, bytes]) -> str:
    """What is under which license, for people; the license's text is the file LICENSE."""
    license_id = manifest["license"][0].removeprefix("SPDX:")
    lines = [
        f"{manifest['name']} {manifest['version']}: {license_id}",
        f"All {len(content)} files of the zip are this project's own; the text of the license is in LICENSE.",
        "",
        "The zip brings no code of others. Used, and brought by Blender:",
        *(f"  {name}: {spdx} ({purpose})" for name, spdx, purpose in _facts(content, BROUGHT)),
        "Used where you have installed it:",
        *(f"  {name}: {spdx} ({purpose})" for name, spdx, purpose in _facts(content, OPTIONAL)),
    ]
    return "\n".join(lines) + "\n"


def third_party_modules(content: dict[str, bytes]) -> set[str]:
    """What the Python files among *content* import beyond the standard library. Raises :class:`UnknownModule`."""
    found: dict[str, str] = {}
    for name, data in content.items():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse(data)):
                match node:
                    case ast.Import(names=names):
                        found |= {alias.name.partition(".")[0]: name for alias in names}
                    case ast.ImportFrom(level=0, module=str(module)):
                        found[module.partition(".")[0]] = name
                    case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module)), *_]):
                        found[module.partition(".")[0]] = name
    beyond = {module for module in found if module not in sys.stdlib_module_names}
    if unknown := sorted(beyond - _KNOWN.keys()):
        where = ", ".join(f"{module} ({found[module]})" for module in unknown)
        raise UnknownModule(f"the sources import what Blender is not known to bring: {where}")
    return beyond


def _facts(content: dict[str, bytes], known: dict[str, tuple[str, str, str]] = _KNOWN) -> list[tuple[str, str, str]]:
    return sorted({known[name] for name in third_party_modules(content) if name in known})


def _used(name: str, license_id: str, purpose: str) -> dict[str, Any]:
    kind = "application" if name == "Blender" else "library"
    is_brought = any(name == facts[0] for facts in BROUGHT.values())
    return {
        "type": kind,
        "bom-ref": f"brought:{name.lower()}",
        "name": name,
        "description": f"{purpose}; not in the zip",
        "scope": "required" if is_brought else "optional",
        "licenses": [{"license": {"id": license_id}}],
        "properties": [{"name": "csm_blender:brought-by", "value": "Blender" if is_brought else "the user"}],
    }


def _file(name: str, data: bytes, license_id: str) -> dict[str, Any]:
    return {"type": "file", "name": name, "hashes": [_hash(data)], "licenses": [{"license": {"id": license_id}}]}


def _hash(data: bytes) -> dict[str, str]:
    return {"alg": "SHA-256", "content": hashlib.sha256(data).hexdigest()}
