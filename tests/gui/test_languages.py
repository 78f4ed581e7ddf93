"""The panel in five languages: nothing English is left, and nothing of the artist's is translated."""

from __future__ import annotations

import json
from typing import Any

from common import ROOT
from harness import Blender

LANGUAGES = ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")
UNKNOWN = "SESSION_1_404"
KNOWN = "SESSION_P_44569824122"
ERROR = "The service knows no such session ({status})."
REFINE_TOOLTIP = (
    "Refine the session, file or object to the size and origin of the active object, and place the result there"
)
HINT = "Check the code, and that the key belongs to the account that made the session."


def test_five_languages_switched_while_running(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    params = {"unknown": UNKNOWN, "known": KNOWN}
    seen = blender.run("scenarios/languages.py:in_each", env=env, params=params, timeout=240).value
    (blender.screens / "languages-cost.json").write_text(json.dumps({k: v["ms"] for k, v in seen.items() if "ms" in v}))
    for language in LANGUAGES:
        catalog = json.loads((ROOT / "csm_blender" / "locale" / f"{language}.json").read_text(encoding="utf-8"))
        placed, failed = seen[f"{language} placed"]["shown"], seen[f"{language} failed"]["shown"]
        assert catalog["Block-out: {name}"].replace("{name}", "Cube") in placed
        for text in (*placed, *failed):
            assert catalog.get(text, text) == text, f"English is left: {text}"
        assert catalog["Placed, fits exactly"] in placed
        said = without_breaks(failed)
        assert without_breaks([catalog[HINT]]) in said
        assert without_breaks([catalog[ERROR].split("{")[0]]) in said
        assert catalog["Retry"] in failed
        assert seen[f"{language} names"] == [
            catalog["Refine"],
            catalog["Fit"],
            catalog["Inside"],
            catalog[REFINE_TOOLTIP],
        ]
        refused = catalog["{text} is not a session code."].replace("{text}", "'nonsense'")
        assert refused in seen[f"{language} refused"]
    english = seen["en_US failed"]["shown"]
    assert without_breaks([HINT]) in without_breaks(english), "and back to English"
    assert "'nonsense' is not a session code." in seen["en_US refused"]
    assert all(cost["ms"] < 20.0 for cost in seen.values() if isinstance(cost, dict))


def without_breaks(texts: list[str]) -> str:
    return "".join("".join(texts).split())
