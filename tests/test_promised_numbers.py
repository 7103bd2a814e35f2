"""Numbers that the documentation promises are those of the program: each phrase stands there, and the number holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from horarium.audiences import http as audience_http
from horarium.backup import by_server
from horarium.domain import audience, circuit, look_shares, quotas, watching, webhooks
from horarium.events import feed
from horarium.executors import answer_heads, event_post, look_ups
from horarium.executors.engines import connections
from horarium.executors.sql import query_limits
from horarium.service import audiences, rates, repeats
from horarium.store.postgres import hosts
from horarium.store.postgres import migrate as postgres_migrate
from horarium.store.verbs import audiences as audience_verbs
from horarium.store.verbs import events as event_verbs
from horarium.watchdog import alerts, watch
from horarium.worker import lanes

DOCUMENTS = Path(__file__).parents[1] / "docs"
MB, DAY_S = 1024 * 1024, 86_400

PROMISED: list[tuple[str, str, Any, Any]] = [
    ("outgoing.md", "what was found is used for up to 5 seconds", look_ups.REMEMBERED_S, 5),
    ("outgoing.md", "a workspace may have 16, and never more", look_ups.MOST_OF_WORKSPACE, 16),
    (
        "outgoing.md",
        "may be 64 KB long and have 1,000 headers",
        (answer_heads.MOST_HEAD, answer_heads.MOST_HEADERS),
        (64 * 1024, 1_000),
    ),
    (
        "audiences.md",
        "| `page_size`, `timeout` | 500, 30 |",
        (audience_http.PAGE_SIZE, audience_http.TIMEOUT_S),
        (500, 30),
    ),
    (
        "audiences.md",
        "An answer has 16 MB at most, a row 256 KB",
        (audience_http.LARGEST_PAGE, audience.ROW_SIZE_LIMIT),
        (16 * MB, 256 * 1024),
    ),
    ("audiences.md", "a text of up to 500 characters", audience.ROW_KEY_LIMIT, 500),
    ("audiences.md", "256 MB to temporary files", query_limits.MOST_WRITTEN, 256 * MB),
    ("audiences.md", "`instr` and `replace` 50 times in all", query_limits.MOST_COSTLY, 50),
    (
        "engines/README.md",
        "up to 200 connections open for each type of target, and up to 50 of them for one workspace",
        (connections.MOST, connections.MOST_OF_WORKSPACE),
        (200, 50),
    ),
    ("engines/README.md", "a run waits 2 seconds for one", connections.WAIT_S, 2),
    ("engines/README.md", "nobody has used for 5 minutes is closed", connections.IDLE_S, 300),
    (
        "engines/README.md",
        "after a second, then at ever longer intervals, an eighth of the time that it has taken already, at most a "
        "minute, and once more two seconds before its deadline",
        (watching.SOONEST_MS, watching._PART, watching.LATEST_MS, watching._LAST_MS),
        (1_000, 8, 60_000, 2_000),
    ),
    (
        "engines/README.md",
        "up to 500 runs at a time, and at up to 100 of one target",
        (look_shares.MOST_AT_ONCE, look_shares.MOST_OF_TARGET),
        (500, 100),
    ),
    ("engines/README.md", "with pauses of up to 10 seconds", look_shares.LONGEST_REST_MS, 10_000),
    ("events.md", "Answer with any 2xx within 10 seconds", event_post.ANSWER_S, 10),
    (
        "events.md",
        "after 1 s, 4 s, 16 s, and so on up to an hour",
        (webhooks.FIRST_WAIT_MS, webhooks.LONGEST_WAIT_MS),
        (1_000, 3_600_000),
    ),
    (
        "events.md",
        "After five failures in a row without an arrival the receiver is tried with one event at a time, at least once "
        "a minute",
        (webhooks.FAILURES_TO_PROBE, feed.LONGEST_PROBE_MS),
        (5, 60_000),
    ),
    ("events.md", "An event that does not arrive for a day", webhooks.GIVE_UP_MS, DAY_S * 1000),
    ("events.md", "After an hour or more in which nothing arrived", webhooks.OUTAGE_MS, 3_600_000),
    ("events.md", "nothing arrives for three days", webhooks.DISABLE_MS, 3 * DAY_S * 1000),
    ("events.md", "of one workspace at most the newest million", event_verbs.MOST_KEPT, 1_000_000),
    ("operate/monitoring.md", "looks every 2 s", watch.EVERY_S, 2),
    ("operate/monitoring.md", "asked every minute", watch.PING_S, 60),
    (
        "operate/monitoring.md",
        "What two looks in a row find is told, all of it in one message; again after four hours",
        (alerts.LOOKS, alerts.AGAIN_S),
        (2, 4 * 3_600),
    ),
    ("operate/monitoring.md", "it tries again after ten minutes", by_server.AGAIN_MS, 600_000),
    ("api.md", "a text of your choice with up to 255 characters", repeats.KEY_LIMIT, 255),
    (
        "limits.md",
        "at most 200 audience sources, each with at most 64 KiB of configuration",
        (audience_verbs.MOST_SOURCES, audiences.LARGEST_CONFIG),
        (200, 64 * 1024),
    ),
    (
        "limits.md",
        "A read costs 1 unit and a write 2; a line of a bulk request costs 0.5, an item of an import 0.25, a time of a "
        "preview 0.1, an event that a webhook is sent once more 0.1, a preview of an audience 50",
        (
            *(rates.READ, rates.WRITE, rates.BULK_LINE, rates.IMPORT_ITEM, rates.PREVIEWED_TIME),
            *(rates.REPLAYED_EVENT, rates.AUDIENCE),
        ),
        (1, 2, 0.5, 0.25, 0.1, 0.1, 50),
    ),
    ("operate/upgrade.md", "It asks for a table for 0.2 s", postgres_migrate.LOCK_MS, 200),
    (
        "operate/postgresql.md",
        "after 0.3 s without an answer the next one as well",
        hosts.NEXT_AFTER_S,
        0.3,
    ),
    ("operate/postgresql.md", "after 3 s it is given up", hosts.HOST_SECONDS, 3),
    (
        "reliability.md",
        "A `Retry-After` is obeyed for the whole lane, for 30 s at most",
        lanes.LONGEST_PAUSE_MS,
        30_000,
    ),
    (
        "reliability.md",
        "is called once more every 5 s, and twice a second once it answers",
        (lanes.LOOK_AFTER_MS, lanes.LOOK_AGAIN_MS),
        (5_000, 500),
    ),
    (
        "reliability.md",
        "one call every 5 s, six at most at a time",
        (circuit.PROBE_EVERY_MS, circuit.MOST_PROBES),
        (5_000, 6),
    ),
]


@pytest.mark.parametrize(
    ("document", "phrase", "held", "promised"), PROMISED, ids=[phrase for _, phrase, _, _ in PROMISED]
)
def test_what_a_document_promises_in_numbers_is_what_the_program_holds_to(
    document: str, phrase: str, held: Any, promised: Any
) -> None:
    assert phrase in " ".join((DOCUMENTS / document).read_text("utf-8").split())
    assert held == promised


def test_the_defaults_of_quotas_are_those_of_their_table() -> None:
    lines = (DOCUMENTS / "limits.md").read_text("utf-8").splitlines()
    table = {
        cells[1].strip("` "): cells[2].strip()
        for cells in (line.split("|") for line in lines if line.startswith("| `"))
    }
    units = {"MiB": MB, "": 1}
    told = {}
    for name, text in table.items():
        number, _, unit = text.partition(" ")
        told[name] = int(number.replace(",", "")) * units[unit]
    defaults = asdict(quotas.DEFAULT)
    assert told == {name: defaults[name] for name in told}
    assert told.keys() == defaults.keys()
