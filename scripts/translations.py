# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the catalogs in ``csm_blender/locale`` complete.

python3 scripts/translations.py > todo.json     what is to be translated, for each text and language; empty if nothing
python3 scripts/translations.py todo.json       takes in what was filled in there, drops what no source says any more
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # this folder is no package; its modules are siblings

from spoken_texts import PACKAGE, spoken_texts

LOCALE = PACKAGE / "locale"
LANGUAGES = tuple(sorted(path.stem for path in LOCALE.glob("*.json")))

ALIKE = {
    "de_DE": {"Add-on", "Box", "Engine", "Non-Manifold", "Original", "Quads", "Text", "Version", "{days} d"},
    "es": {"Base", "Error", "No", "Original", "{days} d"},
    "fr_FR": {
        *("Add-on", "Base", "Documentation", "Exact", "Message", "Original", "Pivot", "Point", "Section"),
        *("Faces", "Quads", "Service", "Session", "Sessions", "Source", "Texture", "Textures", "Triangles"),
        *("Version", "Versions"),
    },
    "ja_JP": set[str](),
    "zh_HANS": set[str](),
}
"""What is the same word in English."""

ALIKE_EVERYWHERE = {"CSM Refine", "{hours} h", "{hours} h {minutes} min", "{minutes} min", "{seconds} s"}
_PLACEHOLDER = re.compile(r"\{\w+\}")
_NAMES = ("AVIF", "Draco", "KTX2", "WebP")
"""Of formats, which stand inside sentences."""
_SMALL_NAMES = ("http", "glTF", "gzip", "zip")
"""What begins with a small letter at the beginning of a sentence, too."""

_ENDS = {".": ".\N{IDEOGRAPHIC FULL STOP}", "?": "?\N{FULLWIDTH QUESTION MARK}", "…": "…", ":": ":\N{FULLWIDTH COLON}"}


def catalog(language: str) -> dict[str, str]:
    """Each text and its translation."""
    found: dict[str, str] = json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    return found


def missing() -> dict[str, dict[str, str]]:
    """For each text that lacks a translation: where it stands, and an empty one for each language."""
    catalogs = {language: catalog(language) for language in LANGUAGES}
    return {
        words: {"where": place, **{name: "" for name, known in catalogs.items() if not known.get(words)}}
        for words, place in spoken_texts().items()
        if not all(known.get(words) for known in catalogs.values())
    }


def take_in(filled: dict[str, dict[str, str]]) -> None:
    """Write the catalogs anew: what the sources say, in their order, with what is *filled* in."""
    texts = spoken_texts()
    for language in LANGUAGES:
        known = catalog(language)
        known |= {words: told[language] for words, told in filled.items() if told.get(language)}
        kept = {words: known[words] for words in texts if words in known}
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        (LOCALE / f"{language}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


def complaints(language: str, texts: dict[str, str] | None = None) -> list[str]:
    """What is wrong with a catalog, a line each. *texts* are the spoken ones, where they were looked up before."""
    texts, known = texts or spoken_texts(), catalog(language)
    found = [f"{place}: no translation of {words!r}" for words, place in texts.items() if words not in known]
    found += [f"no source says {words!r} any more" for words in known if words not in texts]
    for words, told in known.items():
        if problem := _problem(words, told, ALIKE[language] | ALIKE_EVERYWHERE):
            found.append(f"{problem}: {words!r} -> {told!r}")
    return found


def _problem(words: str, told: str, alike: set[str]) -> str:  # noqa: PLR0911 - one for each
    if not told.strip():
        return "empty"
    if sorted(_PLACEHOLDER.findall(words)) != sorted(_PLACEHOLDER.findall(told)):
        return "other placeholders"
    if set("{}") & set(_PLACEHOLDER.sub("", words + told)):
        return "a brace that is no placeholder's"
    if told == words and words not in alike:
        return "not translated"
    if words in alike and told != words and words in alike - ALIKE_EVERYWHERE:
        return "said to be the same word"
    end = words[-1] if words[-1] in _ENDS else ""
    if end and not told.endswith(tuple(_ENDS[end])):
        return f"does not end in {end!r}"
    if not end and told.endswith(tuple("".join(_ENDS.values()))):
        return "ends in a stop"
    if words[0].isupper() and told[0].islower() and not (words.startswith(_NAMES) or told.startswith(_SMALL_NAMES)):
        return "begins with a small letter"
    return ""


def main(arguments: list[str]) -> int:
    """List, or take in. Gives the exit status."""
    if arguments:
        take_in(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
        print("\n".join(f"{name}: {line}" for name in LANGUAGES for line in complaints(name)), file=sys.stderr)
        return 0
    print(json.dumps(missing(), ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
