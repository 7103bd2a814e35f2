"""Where a request comes from is what the connection says, or what a proxy says that the operator trusts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from tests.cli.running import server

BASE = "/horarium/v1"
# Two machines: that of the proxy, and one whose owner would like to be somebody else.
PROXY, CLIENT = "127.0.0.2", "127.0.0.3"
NEAR, FAR = "192.0.2.7", "198.51.100.9"
# Ten wrong keys are answered at once, then each later than the one before.
WRONG_KEYS, SLOW_S = 20, 0.6


@contextmanager
def _from(address: str, url: str, key: str) -> Iterator[httpx.Client]:
    """A client whose connections come from this address."""
    with httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        transport=httpx.HTTPTransport(local_address=address),
        timeout=30,
    ) as client:
        yield client


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """A server behind one trusted proxy: its address, its first key, and a key for the network of NEAR."""
    data: Path = tmp_path_factory.mktemp("proxied") / "data"
    with patch.dict(os.environ, HORARIUM_TRUSTED_PROXIES=PROXY), server(data) as url:
        first = (data / "admin.key").read_text().strip()
        body = {"name": "office", "scopes": ["audit:read", "schedules:write"], "networks": ["192.0.2.0/24"]}
        with _from("127.0.0.1", url, first) as client:
            made = client.post(f"{BASE}/keys", json=body)
        assert made.status_code == 201, made.text
        yield url, first, made.json()["key"]


def _status(client: httpx.Client, forwarded: str | None) -> int:
    headers = (
        {}
        if forwarded is None
        else {"X-Forwarded-For": forwarded, "X-Real-IP": NEAR, "Forwarded": f"for={NEAR}"}
    )
    return client.get(f"{BASE}/me", headers=headers).status_code


def test_a_client_does_not_choose_its_network_by_forging_a_header(place: tuple[str, str, str]) -> None:
    url, _, key = place
    with _from(CLIENT, url, key) as client:
        for forged in (None, NEAR, f"{NEAR}, {PROXY}", f"{PROXY}, {NEAR}", f"{NEAR}, {NEAR}"):
            assert _status(client, forged) == 403, forged


def test_behind_a_trusted_proxy_the_client_is_the_one_that_the_proxy_saw(place: tuple[str, str, str]) -> None:
    url, _, key = place
    with _from(PROXY, url, key) as proxy:
        assert _status(proxy, NEAR) == 200
        assert _status(proxy, f"{FAR}, {NEAR}") == 200
        assert (
            _status(proxy, f"{NEAR}, {FAR}") == 403
        )  # the proxy adds what it saw behind what the client sent
        assert _status(proxy, f"{NEAR}, {FAR}, {PROXY}") == 403
        assert _status(proxy, None) == 403


def test_the_audit_log_names_the_client_and_not_the_header_that_it_forged(
    place: tuple[str, str, str],
) -> None:
    url, first, _ = place
    for address, forwarded, expected in ((CLIENT, NEAR, CLIENT), (PROXY, f"{NEAR}, {FAR}", FAR)):
        with _from(address, url, first) as client:
            headers = {"X-Forwarded-For": forwarded}
            made = client.post(f"{BASE}/principals", json={"name": f"by {address}"}, headers=headers)
            assert made.status_code == 201, made.text
            entries = client.get(f"{BASE}/audit?action=principal&limit=1").json()["items"]
        assert entries[0]["by"]["address"] == expected


def _seconds(url: str, address: str, forwarded: str, key: str = "hor_wrong") -> tuple[float, int]:
    with _from(address, url, key) as client:
        begun = time.monotonic()
        status = client.get(f"{BASE}/me", headers={"X-Forwarded-For": forwarded}).status_code
        return time.monotonic() - begun, status


def test_wrong_keys_count_against_the_client_whatever_it_forges_and_not_against_others(
    place: tuple[str, str, str],
) -> None:
    url, _, _ = place
    slowest = 0.0
    for number in range(WRONG_KEYS):
        taken, status = _seconds(url, CLIENT, f"203.0.113.{number}")
        assert status == 401
        slowest = max(slowest, taken)
        if slowest > SLOW_S:
            break
    assert slowest > SLOW_S, (
        "a client got rid of what is held against it by forging another address each time"
    )
    others = [_seconds(url, PROXY, f"{CLIENT}, 203.0.113.77") for _ in range(3)]
    assert {status for _, status in others} == {401}
    assert min(taken for taken, _ in others) < SLOW_S
