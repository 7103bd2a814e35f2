from __future__ import annotations

from ipaddress import ip_address

import pytest

from horarium.domain.host_lists import MOST_HOSTS, host_list, host_list_problems

ENTRIES = (
    "API.example.com",
    "*.partner.example",
    "10.1.0.0/16",
    "8.8.8.8",
    "2001:db8::/32",
    "/run/postgresql",
)


@pytest.mark.parametrize(
    "host",
    ["api.example.com", "API.EXAMPLE.COM", "api.example.com.", "a.partner.example", "a.b.partner.example", "10.1.2.3",
     "8.8.8.8", "2001:db8::7", "[2001:db8::7]", "::ffff:8.8.8.8", "/run/postgresql"],
)  # fmt: skip
def test_a_listed_host_is_known_in_every_writing(host: str) -> None:
    host_list.cache_clear()
    assert host_list(ENTRIES).has(host)


@pytest.mark.parametrize(
    "host",
    ["example.com", "api.example.com.evil.example", "xapi.example.com", "partner.example", "evilpartner.example",
     "10.2.0.1", "8.8.8.9", "2001:db9::1", "::ffff:8.8.8.9", "64:ff9b::808:808",
     "2002:808:808::1", "/run/postgresql/x", "run/postgresql", "/run/Postgresql", "/run/postgresql.", "", "*"],
)  # fmt: skip
def test_other_hosts_are_not_listed(host: str) -> None:
    assert not host_list(ENTRIES).has(host)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "10.1.9.9"]
)
def test_a_list_concerns_every_address_that_leads_to_a_listed_one(address: str) -> None:
    assert host_list(ENTRIES).concerns(ip_address(address))
    assert not host_list(("10.9.0.0/16",)).concerns(ip_address(address))


def test_a_star_stands_for_every_host_and_an_empty_list_for_none() -> None:
    assert host_list(("*",)).has("anything.example")
    assert host_list(("*",)).concerns(ip_address("10.0.0.1"))
    assert not host_list(()).has("anything.example")
    assert not host_list(()).concerns(ip_address("10.0.0.1"))


@pytest.mark.parametrize(
    "wrong",
    ["", " ", "a b", "http://example.com", "example.com:443", "*", "*.*", "a.*.b", "10.0.0.0/40", "10.0.0.1/8", "1.2.3",
     "0x7f.1", "ä.example", "user@example.com", "x" * 64, 5, None, "/run/post gres"],
)  # fmt: skip
def test_what_is_no_host_is_refused_with_its_place(wrong: object) -> None:
    problems = list(host_list_problems(["example.com", wrong], "allowed_hosts"))
    if wrong == "*":
        assert problems == []
    else:
        (problem,) = problems
        assert problem.field == "allowed_hosts.1"


def test_a_list_that_is_no_list_or_is_too_long_is_one_problem() -> None:
    for wrong in ("example.com", 5, {"example.com": True}, ["a.example"] * (MOST_HOSTS + 1)):
        (problem,) = host_list_problems(wrong, "deny_hosts")
        assert problem.field == "deny_hosts"
    assert list(host_list_problems(list(ENTRIES), "deny_hosts")) == []
