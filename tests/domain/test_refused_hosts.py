"""Refused connections are counted, and told of rarely, however many there are."""

from __future__ import annotations

from horarium.domain import refused_hosts
from horarium.domain.refused_hosts import MOST_HOSTS, OTHERS, PERIOD_MS, RefusedHosts

A, B = b"a" * 16, b"b" * 16


def test_a_host_is_told_of_once_in_a_period_with_how_many_refusals_there_were() -> None:
    noted = RefusedHosts()
    told = []
    for now in range(0, 3 * PERIOD_MS, 1_000):
        noted.note(A, "inside.example", "inside.example is private")
        told += noted.take(now)
    assert [found.times for found in told] == [1, 3_600, 3_600]
    assert {found[:3] for found in told} == {(A, "inside.example", "inside.example is private")}


def test_a_host_is_told_of_again_when_its_period_is_over_and_not_before() -> None:
    noted, told = RefusedHosts(), []
    for now in (0, PERIOD_MS - 1, PERIOD_MS, 2 * PERIOD_MS - 1, 2 * PERIOD_MS):
        noted.note(A, "inside.example", "private")
        told += [(now, found.times) for found in noted.take(now)]
    assert told == [(0, 1), (PERIOD_MS, 2), (2 * PERIOD_MS, 2)]


def test_every_workspace_and_every_host_is_told_of_by_itself() -> None:
    noted = RefusedHosts()
    for workspace_id, host in ((A, "One.example"), (A, "two.example"), (B, "one.example")):
        noted.note(workspace_id, host, "refused")
    found = [(entry.workspace_id, entry.host) for entry in noted.take(5)]
    assert found == [(A, "one.example"), (A, "two.example"), (B, "one.example")]


def test_a_workspace_with_endless_hosts_gets_a_few_entries_and_keeps_none_of_another_out() -> None:
    noted = RefusedHosts()
    for number in range(10_000):
        noted.note(A, f"{number}.example", "refused")
    noted.note(B, "one.example", "refused")
    told = noted.take(0)
    assert len(told) == MOST_HOSTS + 2
    assert sum(found.times for found in told if found.workspace_id == A) == 10_000
    assert next(found.times for found in told if found.host == OTHERS) == 10_000 - MOST_HOSTS
    assert told[-1][:2] == (B, "one.example")


def test_a_host_that_is_known_is_counted_by_its_name_also_when_there_is_no_room_for_others() -> None:
    noted = RefusedHosts()
    for number in (*range(MOST_HOSTS), 0):
        noted.note(A, f"{number}.example", "refused")
    assert {found.host: found.times for found in noted.take(0)} == {
        f"{number}.example": 1 + (number == 0) for number in range(MOST_HOSTS)
    }


def test_what_is_over_is_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(refused_hosts, "MOST_WORKSPACES", 1)
    noted = RefusedHosts()
    noted.note(A, "a.example", "refused")
    noted.note(B, "b.example", "there is no room for it")
    assert [found.workspace_id for found in noted.take(0)] == [A]
    assert noted.take(PERIOD_MS) == []
    noted.note(B, "b.example", "refused")
    assert [found.workspace_id for found in noted.take(PERIOD_MS)] == [B]


def test_what_no_database_takes_is_left_out_of_a_host() -> None:
    noted = RefusedHosts()
    noted.note(A, "a\0b\n" + "c" * 5_000, "refused")
    (found,) = noted.take(0)
    assert found.host == "ab" + "c" * 249
