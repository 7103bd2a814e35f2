"""Which headers a target may set on outgoing requests."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.executors import headers as module
from horarium.executors.headers import check_headers
from horarium.executors.secrecy import NOT_KEPT


@pytest.mark.parametrize(
    "name",
    [
        "Metadata-Flavor",
        "metadata",
        "X-Google-Metadata-Request",
        "X-aws-ec2-metadata-token",
        "X-aws-ec2-metadata-token-ttl-seconds",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-FORWARDED-PROTO",
        "Forwarded",
        "X-Real-IP",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Remote-User",
        "Remote-User",
        "X-Auth-Request-Email",
        "X-Goog-Authenticated-User-Email",
        "X-MS-CLIENT-PRINCIPAL-NAME",
        "Via",
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_a_tenant_does_not_speak_for_a_proxy_or_to_a_metadata_service(name: str, signed: bool) -> None:
    (problem,) = check_headers({name: "x", "X-Team": "blue"}, signed=signed, secret_names=())
    assert problem.field == f"headers.{name}"
    assert "may not be set" in problem.message


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "TE", "Expect"],
)
@pytest.mark.parametrize("signed", [True, False])
def test_headers_that_frame_or_route_a_request_are_the_servers_own(name: str, signed: bool) -> None:
    (problem,) = check_headers({name: "x"}, signed=signed)
    assert "set by the server itself" in problem.message


@pytest.mark.parametrize("name", ["Webhook-Id", "Idempotency-Key", "ce-type", "Horarium-Attempt"])
def test_headers_that_identify_a_run_are_the_servers_own_where_it_signs(name: str) -> None:
    assert check_headers({name: "x"}, signed=True)
    assert check_headers({name: "x"}, signed=False) == []


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Team", "Accept", "X-Api-Key", "Content-Type", "X-Metal"]
)
def test_other_headers_may_be_set(name: str) -> None:
    assert check_headers({name: "x"}, signed=True, secret_names=()) == []


# All names that are refused as they are, and all beginnings of names that are; those of the first only where the server
# signs.
SIGNED, ALWAYS = (
    [
        (name.removesuffix(".*"), name.endswith(".*"))
        for pattern in patterns
        for name in pattern.pattern.split("|")
    ]
    for patterns in ((module._SIGNED,), (module._FRAMING, module._TRUSTED))
)


@pytest.mark.parametrize("signed", [True, False])
def test_a_name_is_refused_for_what_it_is_and_not_for_a_part_of_it(signed: bool) -> None:
    refused = [*ALWAYS, *(SIGNED if signed else ())]
    words = [word for word, _ in (*SIGNED, *ALWAYS)]
    tried = {
        form
        for word in words
        for form in (
            word,
            word.upper(),
            word.title(),
            word[:-1],
            f"{word}x",
            f"{word}-x",
            f"x{word}",
            f"a-{word}",
        )
    }
    expected = {
        name
        for name in tried
        if any(name.lower() == word or (whole and name.lower().startswith(word)) for word, whole in refused)
    }
    assert {name for name in tried if check_headers({name: "x"}, signed=signed)} == expected


LONG = "x" * 16_384
NUMBERED = [f"X-{index}" for index in range(50)]


@pytest.mark.parametrize(
    ("headers", "field", "said"),
    [
        ({"X-A": LONG + "x"}, "headers.X-A", "is longer than 16384 characters"),
        (
            dict.fromkeys(NUMBERED[:4], LONG) | {"X-A": "x"},
            "headers",
            "are longer than 65536 characters together",
        ),
        (dict.fromkeys([*NUMBERED, "X-A"], "x"), "headers", "50"),
        ({"X-A": "a\r\nX-B: b"}, "headers.X-A", "contains a line break or a control character"),
        ({"X-A": "a\x00"}, "headers.X-A", "contains a line break or a control character"),
        ({"X-A": "a\x7f"}, "headers.X-A", "contains a line break or a control character"),
        ({"X-A": "a", "x-a": "b"}, "headers.x-a", "is given twice"),
        ({"X A": "a"}, "headers.X A", "is not a header name"),
        ({"x" * 101: "a"}, "headers.xxx", "is not a header name"),
        ({"": "a"}, "headers.", "is not a header name"),
        ({"X-A": 5}, "headers.X-A", "must be a text"),
        (["X-A"], "headers", "must be an object"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any, field: str, said: str) -> None:
    (problem,) = check_headers(headers, signed=False)
    assert problem.field.startswith(field)
    assert said in problem.message


@pytest.mark.parametrize(
    "headers",
    [
        dict.fromkeys(NUMBERED[:4], LONG),
        dict.fromkeys(NUMBERED, "x"),
        {"X-A": "a\tb é"},
        {"x" * 100: "a"},
        None,
        {},
    ],
)
def test_headers_up_to_the_bounds_may_be_sent(headers: Any) -> None:
    assert check_headers(headers, signed=False) == []


def test_a_mask_is_no_value_where_headers_are_plain_texts() -> None:
    (problem,) = check_headers({"Authorization": "***", "X-Team": "blue"}, signed=False)
    assert (problem.field, problem.message) == ("headers.Authorization", NOT_KEPT)
