from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from horarium.executors.output import error_text, keep_bytes, keep_value
from horarium.executors.secrecy import Scrubber

NONE = Scrubber([])


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"", None),
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b"5", 5),
        (b"plain", "plain"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"{broken", "{broken"),
        (b'"\\ud800"', '"\\ud800"'),
        (b"a\x00b", "a\ufffdb"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'{"a\\u0000": ["\\u0000"]}', {"a\ufffd": ["\ufffd"]}),
    ],
)
def test_a_body_is_json_where_it_can_be_and_text_otherwise(data: bytes, kept: Any) -> None:
    assert keep_bytes(data, 1000, NONE) == kept


def test_a_body_as_long_as_the_limit_is_whole() -> None:
    assert keep_bytes(b"[1,2]", 5, NONE) == [1, 2]
    assert keep_bytes(b"[1,2]", 4, NONE) == "[1,2"


def test_a_long_body_is_cut_and_stays_text() -> None:
    assert keep_bytes(b"[" + b"1," * 100, 10, NONE) == "[1,1,1,1,1"
    assert keep_bytes("ä".encode() * 6, 5, NONE) == "ää"


def test_what_could_not_be_written_back_is_kept_as_text() -> None:
    deep = b"[" * 600 + b"]" * 600
    kept = keep_bytes(deep, 10_000, NONE)
    assert kept == deep.decode()
    orjson.dumps(kept)


@pytest.mark.parametrize(
    "data", [b'{"echo": "hush-hush"}', b'{"echo": "hush\\u002dhush"}', b"it is hush-hush", b'"hush-hush"']
)
def test_secrets_are_scrubbed_however_they_are_written(data: bytes) -> None:
    kept = orjson.dumps(keep_bytes(data, 1000, Scrubber(["hush-hush"])))
    assert b"hush-hush" not in kept
    assert b"***" in kept


def test_a_secret_at_the_cut_is_scrubbed() -> None:
    assert keep_bytes(b"xx hush-hush and more", 9, Scrubber(["hush-hush"])) == "xx ***"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
    ],
)
def test_returned_values_become_json(value: Any, kept: Any) -> None:
    assert keep_value(value, 1000, NONE) == kept


@pytest.mark.parametrize("value", [object(), {1: 2}, b"bytes", {1, 2}, "\ud800"])
def test_a_value_that_is_no_json_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        keep_value(value, 1000, NONE)


@pytest.mark.parametrize(
    ("length", "kept"), [(2_000, "x" * 2_000), (2_001, "x" * 2_000 + "..."), (5_000, "x" * 2_000 + "...")]
)
def test_an_error_of_two_thousand_characters_is_kept_whole(length: int, kept: str) -> None:
    assert error_text("x" * length, NONE) == kept


def test_an_error_is_scrubbed_and_not_endless() -> None:
    text = error_text("failed with hush-hush\0" + "x" * 10_000, Scrubber(["hush-hush"]))
    assert text.startswith("failed with ***\ufffd")
    assert len(text) < 2100
