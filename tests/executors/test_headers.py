"""Which headers a target may set on outgoing requests."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.executors.headers import check_headers


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


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "x" * 20_000},
        {f"X-{index}": "x" * 10_000 for index in range(10)},
        {f"X-{index}": "x" for index in range(60)},
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a", "x-a": "b"},
        {"X A": "a"},
        {"X-A": 5},
        ["X-A"],
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any) -> None:
    assert check_headers(headers, signed=False)
