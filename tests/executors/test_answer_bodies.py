"""Bodies in a content coding: decoded up to a limit, and never taken for something else."""

from __future__ import annotations

import gzip
import zlib

import pytest

from horarium.executors.answer_bodies import NotDecoded, decoded
from horarium.executors.decoding import MOST_VALUES, TooManyValues
from horarium.executors.decoding import decoded as decoded_json

TEXT = b"the answer " * 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def packed(times: int) -> bytes:
    body = TEXT
    for _ in range(times):
        body = gzip.compress(body, mtime=0)
    return body


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (TEXT, None),
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), "X-GZip"),
        (gzip.compress(TEXT, mtime=0), " identity , gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(zlib.compress(TEXT), mtime=0), "deflate, gzip"),
        (packed(3), "gzip, gzip, gzip"),
        (b"".join(gzip.compress(TEXT[at : at + 20], mtime=0) for at in range(0, len(TEXT), 20)), "gzip"),
        (gzip.compress(TEXT, mtime=0) + b"\0\0 padding", "gzip"),
    ],
)
def test_a_body_is_what_stands_behind_its_codings(body: bytes, coding: str | None) -> None:
    assert decoded(body, coding, 1_000) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_small_body_becomes_no_larger_than_the_limit_and_one_byte(coding: str) -> None:
    body = gzip.compress(b"x" * 10_000) if coding == "gzip" else zlib.compress(b"x" * 10_000)
    assert decoded(body, coding, 100) == b"x" * 101
    assert decoded(body, coding, 9_999) == decoded(body, coding, 10_000) == b"x" * 10_000
    twice = gzip.compress(b"x" * 60) + gzip.compress(b"y" * 60)
    assert decoded(twice, "gzip", 100) == b"x" * 60 + b"y" * 41


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), "x-gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(zlib.compress(TEXT), mtime=0), "deflate, gzip"),
        (zlib.compress(raw_deflate(TEXT)), "deflate, deflate"),
        (b"".join(gzip.compress(TEXT[at : at + 20], mtime=0) for at in range(0, len(TEXT), 20)), "gzip"),
    ],
)
def test_wherever_a_body_is_cut_short_the_beginning_is_shown(body: bytes, coding: str) -> None:
    shown = [decoded(body[:length], coding, 1_000) for length in range(len(body) + 1)]
    assert [found for found in shown if not TEXT.startswith(found)] == []
    assert [shown[0], shown[-1]] == [b"", TEXT]
    assert [len(found) for found in shown] == sorted(len(found) for found in shown)


@pytest.mark.parametrize(
    ("body", "coding", "words"),
    [
        (packed(1), "br", "sent in the encoding 'br' although none was asked for"),
        (packed(1), "gzip, gzip, gzip, gzip", "it was encoded 4 times"),
        (TEXT, "gzip", "it is not valid gzip, although its Content-Encoding says so"),
        (b"\xff" + TEXT, "deflate", "it is not valid deflate"),
        (gzip.compress(b"", mtime=0) * 17, "gzip", "consists of more than 16 gzip members"),
    ],
)
def test_what_cannot_be_decoded_says_why(body: bytes, coding: str, words: str) -> None:
    with pytest.raises(NotDecoded, match=words):
        decoded(body, coding, 1_000)
    assert decoded(gzip.compress(b"", mtime=0) * 16, "gzip", 1_000) == b""


def test_json_of_more_values_than_a_bound_is_not_decoded() -> None:
    assert MOST_VALUES == 50_000
    assert len(decoded_json(b"[" + b"1," * 49_998 + b"1]")) == 49_999
    with pytest.raises(TooManyValues, match="more than 50000 values and names"):
        decoded_json(b"[" + b"1," * 50_000 + b"1]")
