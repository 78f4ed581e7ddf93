# SPDX-License-Identifier: GPL-3.0-or-later
"""The key, signed links and e-mail addresses are blanked out, however they are written and wherever a text is cut."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_blender.core.redaction import redacted, sanitize

KEY = "Abc123Abc123Abc123Abc123Abc12345"


@given(st.text(max_size=300), st.text(max_size=50))
def test_redaction_never_fails_and_never_shows_the_key(before: str, after: str) -> None:
    assert KEY not in redacted(before + KEY + after, KEY)
    assert KEY not in sanitize(before + KEY + after, KEY, limit=60)


@pytest.mark.parametrize("key", ['quo"te\\back', "spa ce/sl+ash", "ünïcode-key", "new\nline-key"])
def test_a_key_with_odd_letters_is_blanked_however_it_is_written(key: str) -> None:
    for text in (key, repr({"k": key}), json.dumps({"k": key}), f"https://x.example/?k={quote(key, safe='')}"):
        shown = redacted(text, key)
        assert key not in shown
        assert json.dumps(key)[1:-1] not in shown
        assert quote(key, safe="") not in shown


def test_links_keep_their_host_and_file_only() -> None:
    url = "https://store.example/inference-outputs/jane%40x.example/SESSION_1/mesh.glb?se=1&sig=abc"
    assert redacted(f"see {url} now") == "see https://store.example/…/mesh.glb?… now"
    assert redacted("https://user:password@proxy.example:8080/") == "https://proxy.example:8080"
    assert redacted("mail jane.doe+x@studio.example now") == "mail [e-mail] now"


def test_half_a_key_is_not_shown_where_a_text_is_cut() -> None:
    text = "https://store.example/" + "a" * 1000 + f"/x?sig=1 {'b' * 170} {KEY}"
    assert KEY[:8] not in sanitize(text, KEY, limit=300)
