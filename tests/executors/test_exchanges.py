"""What people see of an exchange with a target: no secret, and no more than a page can hold."""

from __future__ import annotations

import pytest

from horarium.executors.exchanges import message_of
from horarium.executors.secrecy import Scrubber

SCRUBBER = Scrubber(["sesame-1"])


def test_secrets_are_replaced_wherever_they_stand_and_headers_that_speak_of_them_as_a_whole() -> None:
    headers = [
        ("Authorization", "Bearer abc"),
        ("webhook-signature", "v1,x"),
        ("Idempotency-Key", "run_1"),
        ("X-Team", "blue sesame-1"),
        ("X-Nul", "a\0b"),
    ]
    shown = message_of("PUT https://example.com/sesame-1", headers, b"it is sesame-1\0", SCRUBBER)
    assert shown.line == "PUT https://example.com/***"
    assert list(shown.headers) == [
        ("Authorization", "***"),
        ("webhook-signature", "***"),
        ("Idempotency-Key", "run_1"),
        ("X-Team", "blue ***"),
        ("X-Nul", "a\ufffdb"),
    ]
    assert shown.body == "it is ***\ufffd"
    assert message_of("GET x", [], None, SCRUBBER).body == ""


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_long_is_cut_and_says_so(more: int) -> None:
    mark = "…" if more else ""
    headers = [(f"X-{number}", "v" * (1_000 + more)) for number in range(100 + more)]
    shown = message_of("l" * (4_000 + more), headers, b"b" * (16_384 + more), SCRUBBER)
    assert shown.line == "l" * 4_000 + mark
    assert shown.body == "b" * 16_384 + mark
    assert len(shown.headers) == 100
    assert {value for _, value in shown.headers} == {"v" * 1_000 + mark}


def test_a_secret_that_the_cut_goes_through_is_not_seen() -> None:
    body = b"x" * (16_384 - 6) + b"sesame-1 and more"
    assert message_of("GET x", [], body, SCRUBBER).body == "x" * (16_384 - 6) + "***…"
