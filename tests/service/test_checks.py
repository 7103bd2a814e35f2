"""Names, texts and keys as callers may choose them."""

import pytest

from horarium.domain.ids import PREFIXES
from horarium.service.checks import (
    KEY_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    is_integer,
    key_problems,
    name_problems,
    text_problems,
)


def codes(problems):
    return [problem.code for problem in problems]


@pytest.mark.parametrize("name", ["a", "Übung 7", "日本語", "x" * NAME_LIMIT, "it's; DROP TABLE"])
def test_a_name_is_any_visible_text(name):
    assert codes(name_problems("name", name)) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "required"), (" \t ", "required"), ("x" * (NAME_LIMIT + 1), "too_long"), ("a\nb", "value"),
     ("a\0", "value"), ("a\x7f", "value"), ("\ud800", "value")],
)  # fmt: skip
def test_what_nobody_can_read_is_no_name(name, code):
    assert codes(name_problems("name", name)) == [code]


def test_a_text_may_have_line_breaks_but_nothing_that_cannot_be_stored():
    assert codes(text_problems("description", None)) == []
    assert codes(text_problems("description", "a\nb\tc")) == []
    assert codes(text_problems("description", "x" * TEXT_LIMIT)) == []
    assert codes(text_problems("description", "x" * (TEXT_LIMIT + 1))) == ["too_long"]
    assert codes(text_problems("description", "a\0b")) == ["value"]
    assert codes(text_problems("description", "\udfff" * (TEXT_LIMIT + 1))) == ["too_long", "value"]


def test_a_key_cannot_be_taken_for_a_number_or_an_id_of_the_server():
    assert codes(key_problems("key", "nightly-report")) == []
    for number in ("7", "-7", "+7", "00"):
        assert codes(key_problems("key", number)) == ["value"], number
    for prefix in PREFIXES:
        assert codes(key_problems("key", f"{prefix}_x")) == ["value"], prefix
    assert codes(key_problems("key", "k" * KEY_LIMIT)) == []
    assert codes(key_problems("key", "k" * (KEY_LIMIT + 1))) == ["too_long"]


def test_a_whole_number_is_told_from_other_texts():
    assert [text for text in ("0", "-1", "+12", "1.5", "", "-", "1e3", "x1") if is_integer(text)] == [
        "0",
        "-1",
        "+12",
    ]
