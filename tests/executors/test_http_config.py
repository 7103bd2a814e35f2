from __future__ import annotations

from typing import Any

import pytest

from horarium.executors.addresses import AddressPolicy
from horarium.executors.http_config import check_config
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import new_secret

POLICY = AddressPolicy.of(ExecutorOptions())
URL = "https://example.com/hook"


def problems(**config: Any) -> list[str]:
    return [problem.field for problem in check_config({"url": URL, **config}, POLICY)]


def test_a_url_is_enough() -> None:
    assert problems() == []
    assert problems(type="http") == []


def test_everything_at_once_is_accepted() -> None:
    assert (
        problems(
            method="patch",
            headers={"Authorization": "Bearer {{ secrets.T }}", "X-Row": "{{ row.id }}"},
            body={"a": ["{{ input.x }}"], "slot": "{{ slot }}"},
            secrets={"T": "value"},
            signing_secret=[new_secret(), new_secret()],
        )
        == []
    )


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"url": None}, "url"),
        ({"url": 5}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "http://{{ input.host"}, "url"),
        ({"url": "http://example.com/{{ secrets.NOPE }}"}, "url"),
        ({"url": "{{ input.url }}"}, "url"),
        ({"method": "CONNECT"}, "method"),
        ({"method": "TRACE"}, "method"),
        ({"method": "GET\r\n"}, "method"),
        ({"method": 5}, "method"),
        ({"headers": "X-A: b"}, "headers"),
        ({"headers": ["X-A"]}, "headers"),
        ({"headers": {f"X-{n}": "v" for n in range(51)}}, "headers"),
        ({"headers": {"X-A": 5}}, "headers.X-A"),
        ({"headers": {"X A": "b"}}, "headers.X A"),
        ({"headers": {"X-A\r\n": "b"}}, "headers.X-A\r\n"),
        ({"headers": {"": "b"}}, "headers."),
        ({"headers": {"X-A": "b\r\nX-Evil: c"}}, "headers.X-A"),
        ({"headers": {"X-A": "{{ nope }}"}}, "headers.X-A"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers.x-a"),
        ({"headers": {"Host": "evil"}}, "headers.Host"),
        ({"headers": {"content-length": "5"}}, "headers.content-length"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers.Transfer-Encoding"),
        ({"headers": {"Webhook-Signature": "v1,x"}}, "headers.Webhook-Signature"),
        ({"headers": {"Idempotency-Key": "x"}}, "headers.Idempotency-Key"),
        ({"headers": {"CE-Id": "x"}}, "headers.CE-Id"),
        ({"headers": {"Authorization": "***"}}, "headers.Authorization"),
        ({"body": {"a": {"b": "{{ rows.x }}"}}}, "body.a.b"),
        ({"secrets": ["T"]}, "secrets"),
        ({"secrets": {"T": 5}}, "secrets.T"),
        ({"secrets": {"T": "***"}}, "secrets.T"),
        ({"signing_secret": "secret"}, "signing_secret"),
        ({"signing_secret": "whsec_c2hvcnQ="}, "signing_secret"),
        ({"signing_secret": new_secret().removeprefix("whsec_")}, "signing_secret"),
        ({"signing_secret": new_secret().replace("whsec_", "whpk_")}, "signing_secret"),
        ({"signing_secret": []}, "signing_secret"),
        ({"signing_secret": 5}, "signing_secret"),
        ({"signing_secret": "***"}, "signing_secret"),
        ({"headrs": {}}, "headrs"),
        ({"type": "python"}, "type"),
    ],
)
def test_what_is_wrong_is_named(config: dict[str, Any], field: str) -> None:
    assert problems(**config) == [field]


def test_the_methods_that_are_right_are_listed() -> None:
    (problem,) = check_config({"url": URL, "method": "FETCH"}, POLICY)
    assert "POST" in problem.message


def test_all_problems_are_reported_at_once() -> None:
    found = problems(url="ftp://x", method="X", headers={"Host": "a"}, body="{{ no }}", secrets=5, other=1)
    assert set(found) == {"url", "method", "headers.Host", "body", "secrets", "other"}
