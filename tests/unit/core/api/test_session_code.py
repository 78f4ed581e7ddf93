# SPDX-License-Identifier: GPL-3.0-or-later
"""Session codes are found in whatever a person pastes, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_blender.core.api.session_code import MAX_LENGTH, find_session_codes, parse_session_code, shortened
from csm_blender.core.errors import BadSessionCode

FORMS = ("SESSION_P_44569824122", "SESSION_1689257215_1674078", "SESSION_11_1710422392_4549402")


@pytest.mark.parametrize("code", FORMS)
def test_a_code_is_found_as_it_is_with_spaces_and_in_a_link(code: str) -> None:
    for text in (code, f"  {code}\n", f"https://x.example/s/{code}", f"https://x.example/?s={code}#top"):
        assert parse_session_code(text) == code


@pytest.mark.parametrize(
    "text",
    ["", "  ", "Chair", "SESSION_", "session_p_1", "SESSION_1/../2", "ASSET_1700000000_1234567",
    f"{FORMS[0]} {FORMS[1]}",
     "SESSION_" + "1" * MAX_LENGTH, "SESSION_١٢", f"ftp://x.example/{FORMS[0]}", "https://x.example/",
     f"https://x.example/{FORMS[0]}/{FORMS[1]}", "https://[::1", f"https://{FORMS[0]}.example/"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadSessionCode):
        parse_session_code(text)


def test_all_codes_in_a_text_are_found_once_and_in_order() -> None:
    text = f"{FORMS[1]}, {FORMS[0]};\t{FORMS[1]} xSESSION_1_2 and\nSESSION_1_2x"
    assert find_session_codes(text) == [FORMS[1], FORMS[0], "SESSION_1_2x"]


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    for code in find_session_codes(text):
        assert parse_session_code(code) == code
    assert len(shortened(text, 20)) <= 20 * 10 + 2


def test_a_long_text_is_shortened_and_its_control_characters_escaped() -> None:
    assert shortened("a\nb") == r"'a\nb'"
    assert shortened("x" * 100, 5) == "'xxxx…'"
