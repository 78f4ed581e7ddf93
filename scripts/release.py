# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``dist/release``: what is published of a version. Any web server can serve it to Blender and to people.

It holds the zip, a static extension repository (``index.json`` and its page), checksums, a bill of materials
(CycloneDX), the licenses, and the change log of this version. The same commit gives the same bytes.

Refused, with reasons and what to do: uncommitted changes, a version that was not raised, a missing translation, old
screenshots. ``--check`` only looks. The last line on stdout is the folder.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import build
from output_folder import check_output
from releasing import refusals, repository, sbom, versions

CHECKSUMS = "SHA256SUMS"


def release(output: Path) -> Path:
    """Make the folder *output* anew: whole, or as it was before. Raises ``SystemExit`` with the reasons."""
    check_output(output, CHECKSUMS)
    _refuse_if(refusals.refusals(ROOT))
    manifest, section = versions.manifest(ROOT), versions.sections(ROOT)[0]
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".release-") as place:
        folder = Path(place) / "release"
        archive = build.build(folder)
        _refuse_if(refusals.foreign_files(archive, ROOT))
        shutil.copy(ROOT / repository.PICTURE, folder)
        shutil.copy(ROOT / "LICENSE", folder)
        _write(folder / "CHANGES.md", f"# {manifest['name']} {section.version} - {section.date}\n\n{section.text}\n")
        with zipfile.ZipFile(archive) as bundle:
            content = {name: bundle.read(name) for name in bundle.namelist() if not name.endswith("/")}
        try:
            _write(folder / "LICENSES.txt", sbom.licenses(manifest, content))
            _write(folder / "sbom.cdx.json", sbom.bill_of_materials(archive, manifest, section.date))
        except sbom.UnknownModule as unknown:
            hint = "do without it, or add it with its license to BROUGHT in scripts/releasing/sbom.py"
            _refuse_if([refusals.Refusal(str(unknown), hint)])
        repository.make_repository(folder, manifest, section, build.run_tool)
        _write(folder / CHECKSUMS, checksums(folder))
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o755)
        if output.exists():
            output.rename(Path(place) / "before")
        folder.rename(output)
    return output


def checksums(folder: Path) -> str:
    """A line for each file but the checksums themselves, as ``sha256sum --check`` reads them."""
    files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _refuse_if(found: list[refusals.Refusal]) -> None:
    if found:
        sys.exit("\n".join(str(refusal) for refusal in found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist" / "release", metavar="DIR", help="default: dist/release"
    )
    parser.add_argument("--check", action="store_true", help="only say what stands in the way")
    arguments = parser.parse_args()
    if arguments.check:
        _refuse_if(refusals.refusals(ROOT))
        print("nothing stands in the way")
    else:
        print(release(arguments.output.absolute()))
