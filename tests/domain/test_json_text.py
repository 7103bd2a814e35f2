"""JSON from outside is kept as it is written, or refused; and its values are counted without decoding it."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain.json_text import (
    DEEPEST,
    NotKept,
    decode_received,
    decode_written,
    holds_more_than,
    memory_of,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"[1,2,3]", 4),
        (b'{"a":1,"b":[]}', 6),
        (b'["a,b","c:d[{"]', 3),
        (rb'["\",\",","\\",1]', 4),
        (rb'["\\\",,\\","\\\\"]', 3),
        (b"1", 1),
    ],
)
def test_marks_in_strings_do_not_count(text: bytes, values: int) -> None:
    padded = text + b" " * 10
    assert holds_more_than(padded, values - 2)
    assert not holds_more_than(padded, values)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":18446744073709551615,"b":-9223372036854775808}',
        b'{"a":"123456789012345678901234567890","123456789012345678901234567890":1}',
        b'{"a":"\\"123456789012345678901234567890"}',
        b'{"a":"x\\\\","b":0.12345678901234567890123,"c":1e30,"d":-1.5e-300}',
        b'{"a":{"x":1},"b":{"x":1},"c":"\\"x\\":1,"}',
        b'{"a":12345678901234567890123e2}',
        b'{"a\\u0062":1,"a":2}',
    ],
)
def test_what_can_be_kept_is_decoded_as_it_is_written(text: bytes) -> None:
    assert decode_written(text) == decode_received(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (b'{"a":123456789012345678901234567890}', "a", "whole number from -9223372036854775808 to"),
        (b'{"a":18446744073709551616}', "a", "send a larger one as a text"),
        (b'{"a":{"b":["x",{"c":-9223372036854775809}]}}', "a.b.1.c", "whole number"),
        (b'["12345678901234567890\\\\",99999999999999999999]', "1", "whole number"),
        (b'{"a":1,"a":1}', "a", "more than once"),
        (b'{"x":[{},{"k":{"a":1,"b":2,"a":{}}}]}', "x.1.k.a", "more than once"),
        (b'{"a":1,"\\u0061":2}', "a", "more than once"),
    ],
)
def test_what_would_be_kept_otherwise_than_it_is_written_is_refused_by_its_place(
    text: bytes, field: str, words: str
) -> None:
    with pytest.raises(NotKept, match=words) as caught:
        decode_written(text)
    assert caught.value.field == field


LONG = "18446744073709551616"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f'{{"a":{LONG},"a":"x"}}', "a"),
        (f'{{"b":{{"a":[{LONG}],"a":1}}}}', "b.a"),
        (f'{{"a":{{"b":{LONG}}},"a":{{"b":1,"b":2}}}}', "a"),
        (f'{{"a":1,"a":{LONG}}}', "a"),
        (f'{{"a":{LONG},"b":{{"c":1,"c":2}}}}', "b.c"),
    ],
)
def test_a_name_given_twice_is_found_whatever_its_first_value_was(text: str, field: str) -> None:
    with pytest.raises(NotKept) as caught:
        decode_written(text.encode())
    assert caught.value.field == field


_TEXTS_WITH_REPEATED_NAMES = st.recursive(
    st.sampled_from(["1", LONG, "-9223372036854775809", '"9"', "null", "[]", "{}", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=4).map(
            lambda members: "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"
        )
    ),
    max_leaves=12,
)


@given(_TEXTS_WITH_REPEATED_NAMES)
def test_repeated_names_and_long_numbers_are_refused_wherever_they_stand_together(text: str) -> None:
    repeated = False

    def noting(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    exact = json.loads(text, object_pairs_hook=noting, parse_int=_exactly)
    if not repeated and exact == json.loads(text):
        assert decode_written(text.encode()) == exact
    else:
        with pytest.raises(NotKept):
            decode_written(text.encode())


@pytest.mark.parametrize("decode", [decode_written, decode_received])
@pytest.mark.parametrize(
    "text",
    [b"1e999", b"[-1e400]", b"NaN", b"[Infinity]", b'{"a":-Infinity}', b"9" * 400, b"-" + b"9" * 5_000],
)
def test_a_number_that_is_not_finite_is_no_json(decode: Callable[[bytes], Any], text: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        decode(text)


@pytest.mark.parametrize("decode", [decode_written, decode_received])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(decode: Callable[[bytes], Any], opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        return opening * levels + b"1" + closing * levels

    assert decode(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    for levels in (DEEPEST + 1, 253, 1_000):
        with pytest.raises(NotKept, match="more than 100 levels"):
            decode(nested(levels))
    with pytest.raises(orjson.JSONDecodeError):
        decode(nested(100_000))
    many = b"[" + b",".join([b"[]"] * 1_000) + b"]"
    assert decode(many) == [[]] * 1_000


def test_what_targets_and_sources_answer_keeps_all_digits_as_texts() -> None:
    text = b'{"a":123456789012345678901234567890,"b":[-9223372036854775809,7],"c":"18446744073709551616"}'
    assert decode_received(text) == {
        "a": "123456789012345678901234567890",
        "b": ["-9223372036854775809", 7],
        "c": "18446744073709551616",
    }
    assert decode_received(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    "number",
    [
        "-0",
        "1e5",
        "-1.5E+3",
        "0.99999999999999999999999999",
        "99999999999999999999.5",
        "12345678901234567890123e-9",
        "9223372036854775808",
        "18446744073709551615",
        "-9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "-" + "9" * 300,
    ],
)
@pytest.mark.parametrize(
    "text", ["%s", "[%s]", "[true,%s,false]", '{"a":%s,"b":null}', ' [ [ %s ] , 1 , "," ]', "[%s,%s]"]
)
def test_a_number_is_decoded_alike_wherever_it_stands(text: str, number: str) -> None:
    """Numbers with a fraction or an exponent are doubles, as `float` reads them; whole ones are exact or refused."""
    written = text.replace("%s", number).encode()
    kept = json.loads(written, parse_int=_exactly)
    assert decode_received(written) == kept
    if kept == json.loads(written):
        assert decode_written(written) == kept
    else:
        with pytest.raises(NotKept, match="whole number"):
            decode_written(written)


def test_colons_and_long_numbers_in_texts_are_no_names_and_no_numbers() -> None:
    for text in (
        b'{"a:b":":,:","c":{"a:b":":"}}',
        rb"""{"a":"\\","b":":\":","c\u003a":"18446744073709551616,"}""",
        rb"""["1844674407370955161618446744073709551616","\"",18446744073709551615]""",
    ):
        assert decode_written(text) == json.loads(text)
    with pytest.raises(NotKept, match="more than once"):
        decode_written(b'{"a":":::","a":"::"}')


# What many long numbers, or one behind many others, once took a second or two for.
_MANY = {
    "19 digits each": b"[" + b"1234567890123456789," * 180_000 + b"1]",
    "20 digits that fit": b"[" + b"18446744073709551615," * 180_000 + b"1]",
    "texts of 19 digits": b"[" + b'"1234567890123456789",' * 180_000 + b"1]",
    "a long number behind them": b"[" + b"1234567890123456789," * 180_000 + LONG.encode() + b"]",
    "a long number deep below them": b'{"a":' * 90
    + b"["
    + b"1234567890123456789," * 180_000
    + LONG.encode()
    + b"]"
    + b"}" * 90,
    "nothing but long numbers": b"[" + b"99999999999999999999," * 180_000 + b"1]",
}


@pytest.mark.parametrize("decode", [decode_written, decode_received])
@pytest.mark.parametrize("what", _MANY)
def test_long_numbers_take_little_more_than_others(decode: Callable[[bytes], Any], what: str) -> None:
    """Decoding cannot give way, so whatever a body of four megabytes holds must not take long."""
    taken = []
    for _ in range(3):
        begun = time.thread_time()
        with suppress(NotKept):
            decode(_MANY[what])
        taken.append(time.thread_time() - begun)
    assert min(taken) < 0.3


@pytest.mark.parametrize(
    "number", [b"18446744073709551615", b"-9223372036854775808", b"1.7976931348623157e308"]
)
def test_numbers_that_almost_do_not_fit_take_a_few_times_as_long_as_to_decode_them(number: bytes) -> None:
    text, taken = b'{"a":1,"b":[' + (number + b",") * 180_000 + b"1]}", []
    for _ in range(5):
        begun = time.thread_time()
        orjson.loads(text)
        decoded = time.thread_time()
        decode_written(text)
        taken.append((time.thread_time() - decoded) / (decoded - begun))
    assert min(taken) < 8


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.text(alphabet='ab"\\:{[,19 ', max_size=30)
        | st.integers(-(1 << 70), 1 << 70)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(alphabet='a"\\:9', max_size=22), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_a_decoded_value_is_the_written_one_or_refused(value: Any) -> None:
    text = json.dumps(value).encode()
    exact = json.loads(text, parse_int=_exactly)
    assert decode_received(text) == exact
    if exact == value:
        assert decode_written(text) == value
    else:
        with pytest.raises(NotKept, match="whole number"):
            decode_written(text)


def _exactly(digits: str) -> int | str:
    return int(digits) if -(1 << 63) <= int(digits) < 1 << 64 else digits


@pytest.mark.parametrize(
    "value",
    ["x" * 100_000, "\U0001f600" + "x" * 100_000, [{}] * 10_000, [{"a": n} for n in range(5_000)], [0.5] * 20_000,
     [[str(n), [n, n]] for n in range(300, 5_000)]],
)  # fmt: skip
def test_what_a_text_takes_in_memory_is_told_roughly(value: Any) -> None:
    text = orjson.dumps(value).decode()
    tracemalloc.start()
    try:
        decoded = orjson.loads(text)
        taken = tracemalloc.get_traced_memory()[0] + 2 * len(text)
    finally:
        tracemalloc.stop()
    assert decoded == value
    assert memory_of(text) > taken / 4
