"""What counts as wrong."""

from dataclasses import replace

import pytest

from horarium.store.verbs.watchdog import Ledger, WatchedNode
from horarium.watchdog.checks import KINDS, Limits, Look, findings, length

NOW = 1_795_348_800_000
NODE = WatchedNode("n1", "2026a", NOW + 10_000, None)
FINE = Look(NOW, {"http://a": None}, Ledger(NOW - 30_000, NOW - 300_000, (NODE,)), free={"/data": 0.1})
SECOND = 1_000


def kinds(look, own="2026a"):
    return [finding.kind for finding in findings(look, Limits(), own)]


def with_ledger(**given):
    return replace(FINE, ledger=replace(FINE.ledger, **given))


def test_nothing_is_wrong_up_to_the_limits():
    assert kinds(FINE) == []
    assert kinds(with_ledger(oldest_due_ms=None, oldest_ready_ms=None, nodes=())) == []


@pytest.mark.parametrize(
    ("look", "kind", "words"),
    [
        (replace(FINE, servers={"http://a": "no answer"}), "server", "http://a does not answer: no answer"),
        (replace(FINE, ledger=None, trouble="locked"), "database", "cannot be read: locked"),
        (with_ledger(oldest_due_ms=NOW - 31 * SECOND), "late", "due for 31 s"),
        (with_ledger(oldest_ready_ms=NOW - 301 * SECOND), "queue", "waited for a worker for 5 min"),
        (with_ledger(nodes=(NODE._replace(given_up_ms=NOW),)), "node", "n1 is gone"),
        (with_ledger(nodes=(NODE._replace(lease_until_ms=NOW - 9_000),)), "node", "over 9 s ago"),
        (replace(FINE, free={"/data": 0.099}), "disk", "9.9% is free"),
        (
            with_ledger(nodes=(NODE, NODE._replace(name="n2", zone_data="2025z"))),
            "zone-data",
            "n2 has the zone data",
        ),
    ],
)
def test_what_is_beyond_a_limit_is_told_in_words(look, kind, words):
    (found,) = findings(look, Limits(), "2026a")
    assert found.kind == kind
    assert kind in KINDS
    assert words in found.words


def test_an_old_or_missing_backup_is_told_where_backups_are_expected():
    limits = Limits(backup_ms=2 * 3_600_000)

    def told(**given):
        return [finding.words for finding in findings(with_ledger(**given), limits, "2026a")]

    old, fine = NOW - limits.backup_ms - 1, NOW - limits.backup_ms
    assert told(last_backup_ms=fine, made_ms=0) == told(made_ms=fine) == told() == []
    assert told(last_backup_ms=old, made_ms=0) == [
        "the last backup was made 2.0 h ago: see the log for backup_failed"
    ]
    assert told(made_ms=old) == ["no backup has been made, and the installation is 2.0 h old"]
    assert kinds(with_ledger(last_backup_ms=old, made_ms=0)) == []


def test_a_newer_watchdog_tells_of_nodes_with_older_zone_data():
    assert kinds(FINE, own="2026b") == ["zone-data"]
    assert kinds(FINE, own="2025b") == []


def test_a_server_that_is_down_does_not_hide_what_the_ledger_says():
    look = replace(with_ledger(oldest_due_ms=NOW - 60_000), servers={"http://a": "refused"})
    assert kinds(look) == ["server", "late"]


def test_what_cannot_be_asked_hides_nothing_of_what_else_is_wrong():
    look = replace(FINE, ledger=None, servers={"http://a": ""}, free={"/data": 0.0})
    assert kinds(look) == ["server", "disk", "database"]


def test_a_lease_holds_up_to_its_last_millisecond():
    assert kinds(with_ledger(nodes=(NODE._replace(lease_until_ms=NOW),))) == []
    assert kinds(with_ledger(nodes=(NODE._replace(lease_until_ms=NOW - 1),))) == ["node"]


def test_zone_data_are_compared_with_the_newest_that_anybody_has():
    nodes = tuple(NODE._replace(name=name, zone_data=name) for name in ("2025z", "2026c", "2026b"))
    found = findings(with_ledger(nodes=nodes), Limits(), "2026a")
    assert [finding.about for finding in found] == ["2025z", "2026b"]
    assert all("there is 2026c" in finding.words for finding in found)


def test_zone_data_of_a_node_that_is_gone_or_silent_have_been_at_work_too():
    for ended in ({"given_up_ms": NOW}, {"lease_until_ms": NOW - 1}):
        look = with_ledger(nodes=(NODE, NODE._replace(name="n2", zone_data="2026b", **ended)))
        assert [(each.kind, each.about) for each in findings(look, Limits(), "2026a")] == [
            ("zone-data", "n1"),
            ("node", "n2"),
        ]


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (999, "0 s"),
        (1_999, "1 s"),
        (119_999, "119 s"),
        (120_000, "2 min"),
        (7_199_999, "119 min"),
        (7_200_000, "2.0 h"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_that_people_would_use(milliseconds, words):
    assert length(milliseconds) == words
