"""What is wrong is said in plain words, with what to do; what is fine is said as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from horarium.doctor.checks import Answer, Database, Level, Seen, Server, examine, worst
from horarium.store.verbs.watchdog import Ledger, WatchedNode

NOW = 1_795_348_800_000
HOUR = 3_600_000
NODE = WatchedNode("n1", "2026a", NOW + 10_000, None)
LEDGER = Ledger(None, None, (NODE,), NOW - HOUR, NOW - 900 * HOUR)
SERVER = Server("http://a", "0.1.0", ready=True, taken=True)
DATABASE = Database("sqlite", 1, NOW, NOW, {"vault_key": "f00", "zone_data": "2026a"}, LEDGER, NOW - 5)
FINE = Seen(
    "0.1.0", 1, "2026a", SERVER, database=DATABASE, free={"/data": (0.5, 1 << 30)}, certificate_days=90.0
)


def with_database(**given):
    return replace(FINE, database=replace(DATABASE, **given))


def with_ledger(**given):
    return with_database(ledger=replace(LEDGER, **given))


def test_an_installation_in_order_has_nothing_but_good_answers():
    answers = examine(FINE)
    assert {answer.level for answer in answers} == {Level.FINE}
    assert worst(answers) is Level.FINE
    assert {answer.about: answer.words for answer in answers} == {
        "data folder": "is there and private",
        "database": "answers (sqlite)",
        "schema": "is 1, as this program needs it",
        "key": "opens the stored secrets",
        "zone data": "is 2026a",
        "clock": "agrees with the database",
        "slots": "no slot is late",
        "queue": "no run waits for long",
        "nodes": "1 node is at work, and none is lost",
        "backup": "the last was made 60 min ago",
        "disk": "50% of the disk of /data is free",
        "open files": f"a process may open {FINE.open_files}",
        "certificate": "ends in 90 days",
        "server": "the server at http://a is ready (version 0.1.0)",
    }


def test_a_database_without_secrets_needs_no_key():
    for meta, words in (
        ({"vault_key": "f00"}, "opens the stored secrets"),
        ({"zone_data": "2026a"}, "no secret has been stored yet"),
    ):
        (answer,) = [one for one in examine(with_database(meta=meta)) if one.about == "key"]
        assert (answer.level, answer.words) == (Level.FINE, words)


@pytest.mark.parametrize(
    ("seen", "level", "about", "words"),
    [
        (replace(FINE, folder="there is no data folder x"), "wrong", "data folder", "no data folder x"),
        (replace(FINE, folder_open=True), "warning", "data folder", "others on this machine"),
        (replace(FINE, database=None, trouble="no route"), "wrong", "database", "cannot be used: no route"),
        (with_database(schema=0), "wrong", "schema", "no tables"),
        (replace(FINE, schema=2), "warning", "schema", "is 1, and this program needs 2"),
        (with_database(schema=2), "wrong", "schema", "is 2, and this program knows 1"),
        (with_database(schema=2, kind="postgresql"), "warning", "schema", "is 2"),
        (with_database(meta={"copying": "1"}), "wrong", "content", "has not been finished"),
        (with_database(meta={"backup": "{}"}), "wrong", "content", "is a backup"),
        (replace(FINE, key="there is no file secret.key", key_fits=False), "wrong", "key", "fingerprint f00"),
        (replace(FINE, key_fits=False), "wrong", "key", "is not that of the database"),
        (with_database(meta={"zone_data": "2026b"}), "wrong", "zone data", "2026b has been at work"),
        (with_database(newest_ms=NOW + 2 * HOUR), "wrong", "clock", "2.0 h in the future"),
        (with_database(here_ms=NOW - 90_000), "warning", "clock", "90 s behind the database"),
        (with_ledger(oldest_due_ms=NOW - 60_000), "wrong", "slots", "due for 60 s"),
        (with_ledger(oldest_ready_ms=NOW - HOUR), "warning", "queue", "waited for a worker"),
        (with_ledger(nodes=(NODE._replace(lease_until_ms=NOW - 9_000),)), "warning", "nodes", "is silent"),
        (with_ledger(last_backup_ms=NOW - 200 * HOUR), "warning", "backup", "200.0 h ago"),
        (with_ledger(last_backup_ms=None), "warning", "backup", "no backup has been made"),
        (replace(FINE, backup_ms=HOUR // 2), "warning", "backup", "60 min ago"),
        (replace(FINE, free={"/data": (0.05, 1 << 30)}), "warning", "disk", "5% of the disk of /data"),
        (replace(FINE, free={"/data": (0.0, 4096)}), "wrong", "disk", "is full"),
        (replace(FINE, open_files=1024), "warning", "open files", "may open 1024"),
        (replace(FINE, certificate_days=3.0), "warning", "certificate", "ends in 3 days"),
        (replace(FINE, certificate_days=0.0), "wrong", "certificate", "has ended"),
        (replace(FINE, certificate_days=-1.0), "wrong", "certificate", "has ended"),
        (replace(FINE, certificate_trouble="x is no certificate"), "wrong", "certificate", "no certificate"),
        (
            replace(FINE, server=Server("http://a", trouble="refused")),
            "warning",
            "server",
            "no server answers",
        ),
        (replace(FINE, server=Server("http://a", trouble="?", taken=True)), "wrong", "server", "no Horarium"),
        (
            replace(FINE, server=replace(SERVER, ready=False, reasons="disk")),
            "wrong",
            "server",
            "cannot work: disk",
        ),
        (replace(FINE, server=replace(SERVER, version="0.0.9")), "warning", "server", "is version 0.0.9"),
    ],
)
def test_what_is_wrong_is_told_in_words_with_what_to_do(seen, level, about, words):
    (found,) = [answer for answer in examine(seen) if answer.level is not Level.FINE]
    assert (found.level.value, found.about) == (level, about)
    assert words in found.words
    assert found.advice
    assert worst(examine(seen)).value == level


def test_the_worst_answer_counts():
    levels = [Level.WRONG, Level.FINE, Level.WARNING]
    assert worst([Answer("", level, "") for level in levels]) is Level.WRONG
    assert worst([]) is Level.FINE


@pytest.mark.parametrize(
    "seen",
    [
        with_database(newest_ms=NOW + 60_000),
        with_database(here_ms=NOW - 1_000),
        with_database(here_ms=NOW + 1_000),
        with_database(meta={}),
        with_database(meta={"zone_data": "2025z"}),
        replace(FINE, zone_data="2026z", database=replace(DATABASE, ledger=replace(LEDGER, nodes=()))),
        replace(
            FINE,
            key="there is no file",
            key_fits=False,
            database=replace(DATABASE, meta={"zone_data": "2026a"}),
        ),
        with_ledger(last_backup_ms=NOW - 7 * 24 * HOUR),
        replace(FINE, backup_ms=HOUR),
        replace(FINE, free={"/data": (0.1, 1 << 20)}),
        replace(FINE, open_files=4_096),
        replace(FINE, certificate_days=14.0),
        replace(FINE, certificate_days=None),
    ],
)
def test_what_is_just_within_its_bounds_is_fine(seen):
    assert worst(examine(seen)) is Level.FINE


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (with_database(newest_ms=NOW + 60_001), "wrong"),
        (with_database(here_ms=NOW + 1_001), "warning"),
        (with_database(here_ms=NOW - 1_001), "warning"),
        (with_database(schema=3, kind="postgresql"), "wrong"),
        (with_ledger(last_backup_ms=NOW - 7 * 24 * HOUR - 1), "warning"),
        (replace(FINE, backup_ms=HOUR - 1), "warning"),
        (replace(FINE, free={"/data": (0.099, 1 << 20)}), "warning"),
        (replace(FINE, free={"/data": (0.5, (1 << 20) - 1)}), "wrong"),
        (replace(FINE, open_files=4_095), "warning"),
        (replace(FINE, certificate_days=13.9), "warning"),
        (replace(FINE, certificate_days=0.0), "wrong"),
    ],
)
def test_what_is_just_beyond_its_bounds_is_told(seen, level):
    assert worst(examine(seen)).value == level


def test_which_clock_is_behind_is_told():
    def clock(here_ms):
        (found,) = [each for each in examine(with_database(here_ms=here_ms)) if each.about == "clock"]
        return found.words

    assert clock(NOW - 90_000) == "this machine is 90 s behind the database"
    assert clock(NOW + 90_000) == "this machine is 90 s ahead of the database"


def test_nodes_that_work_are_counted_and_one_that_is_gone_is_not():
    def nodes(*found):
        return [each.words for each in examine(with_ledger(nodes=found)) if each.about == "nodes"]

    assert nodes() == ["0 nodes are at work, and none is lost"]
    assert nodes(NODE) == ["1 node is at work, and none is lost"]
    assert nodes(NODE, NODE) == ["2 nodes are at work, and none is lost"]
    (gone,) = nodes(NODE, NODE._replace(given_up_ms=NOW))
    assert "is gone" in gone


def test_what_is_wrong_is_not_said_to_be_fine_as_well():
    for seen in (with_ledger(oldest_due_ms=NOW - HOUR), with_ledger(last_backup_ms=None)):
        about = [answer.about for answer in examine(seen)]
        assert len(about) == len(set(about)) == 14


def test_of_a_database_without_tables_nothing_is_said_that_only_these_could_tell():
    about = [
        answer.about for answer in examine(with_database(schema=0, meta={}, ledger=None, newest_ms=None))
    ]
    assert about == ["data folder", "database", "schema", "disk", "open files", "certificate", "server"]
