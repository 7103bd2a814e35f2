"""An auditor of the ledger that shares no code with what it audits: plain reads of tables, plain arithmetic.

books = from_sqlite(path)                                  # or: await from_postgres(url)
findings = check(books, deliveries(log), kills=[...])      # empty: everything is sound

For schedules whose slots are every whole `period` seconds of UTC (a second by default). What must be so:
every slot from the creation to `accounted_to` has one entry; every run is over and was delivered, or says why it was
not sent; a run that came twice carries the same id and a kill lies between its deliveries; nothing is early; counters
equal the ledger.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.all_fires import ALL_FIRES, ALL_RUNS
from tests.support.delivery_log import Delivery

Row = Mapping[str, Any]

_TABLES = {
    "schedules": "SELECT s.created_ms, c.* FROM cursors c JOIN schedules s ON s.id = c.schedule_id",
    "fires": f"SELECT * FROM {ALL_FIRES} f ORDER BY id",
    "spans": "SELECT * FROM spans",
    "runs": f"SELECT * FROM {ALL_RUNS} r ORDER BY id",
    "ready": "SELECT * FROM ready",
}
_OVER_FIRE = {"completed", "partial", "failed", "cancelled"}
_OVER_RUN = {"succeeded", "failed", "cancelled"}
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Books:
    """The tables as they stand. `schedules` are the cursors, with the instant of creation."""

    schedules: Sequence[Row]
    fires: Sequence[Row]
    spans: Sequence[Row]
    runs: Sequence[Row]
    ready: Sequence[Row]


def from_sqlite(path: Path) -> Books:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")  # the server goes on writing, and the tables must fit together
        return Books(**{name: connection.execute(query).fetchall() for name, query in _TABLES.items()})


async def from_postgres(url: str) -> Books:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return Books(**{name: await connection.fetch(query) for name, query in _TABLES.items()})
    finally:
        await connection.close()


def open_work(books: Books) -> int:
    """Runs and fires that are not over yet."""
    runs = sum(run["state"] not in _OVER_RUN for run in books.runs)
    return runs + sum(fire["state"] not in _OVER_FIRE for fire in books.fires)


UNDER_WAY_MS = 2_000
"""A delivery that was sent before a kill may be logged by a busy receiver this much after it; no server that is started
then sends anything so soon."""


def check(
    books: Books,
    delivered: Sequence[Delivery],
    kills: Sequence[int] = (),
    period: Callable[[Row], int] = lambda schedule: 1,
) -> list[str]:
    """Every way in which the books are wrong, one sentence each. `kills`: instants (ms) at which a server was
    killed; `period`: seconds between the slots of a schedule."""
    return [
        *_slots(books, period),
        *_counters(books),
        *_runs(books),
        *_deliveries(books, delivered, kills),
        *_early(books, delivered),
    ]


def _slots(books: Books, period: Callable[[Row], int]) -> Iterator[str]:
    entries: defaultdict[bytes, list[tuple[int, int, int]]] = defaultdict(list)
    for fire in books.fires:
        if fire["kind"] == "clock":
            entries[bytes(fire["schedule_id"])].append((fire["slot_ms"], fire["slot_ms"], 1))
    for span in books.spans:
        entries[bytes(span["schedule_id"])].append((span["first_ms"], span["last_ms"], span["count"]))
    for schedule in books.schedules:
        who = bytes(schedule["schedule_id"])
        expected = _expected(schedule, period(schedule))
        covered: Counter[int] = Counter()
        for first, last, count in entries[who]:
            inside = [slot for slot in range(first, last + 1, 1000) if slot in expected]
            covered.update(inside)
            if len(inside) != count:
                yield f"{who.hex()}: the entry {first}..{last} counts {count} slots, there are {len(inside)}"
        missing = sorted(expected - covered.keys())
        double = sorted(slot for slot, times in covered.items() if times > 1)
        if missing:
            yield f"{who.hex()}: {len(missing)} slots without an entry, the first {missing[0]}"
        if double:
            yield f"{who.hex()}: {len(double)} slots with several entries, the first {double[0]}"


def _expected(schedule: Row, period: int) -> set[int]:
    """The slots after the creation up to where the schedule is accounted for, in milliseconds."""
    first, last = schedule["created_ms"] // 1000 + 1, schedule["accounted_to"] // 1000
    return {second * 1000 for second in range(first, last + 1) if second % period == 0}


def _counters(books: Books) -> Iterator[str]:
    fires = _by_schedule(books.fires)
    spans = _by_schedule(books.spans)
    for schedule in books.schedules:
        who = bytes(schedule["schedule_id"])
        states = Counter(fire["state"] for fire in fires[who])
        told = {
            "fires": sum(fire["kind"] == "clock" for fire in fires[who]),
            "succeeded": states["completed"],
            "failed": states["failed"] + states["partial"],  # a cancelled fire is neither
            "skipped": sum(span["count"] for span in spans[who] if span["reason"] in ("skipped", "unbegun")),
            "open_fires": sum(n for state, n in states.items() if state not in _OVER_FIRE | {"waiting"}),
            "waiting_fires": states["waiting"],
        }
        for name, value in told.items():
            if schedule[name] != value:
                yield f"{who.hex()}: the counter {name} says {schedule[name]}, the ledger {value}"


def _by_schedule(rows: Iterable[Row]) -> defaultdict[bytes, list[Row]]:
    found: defaultdict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        found[bytes(row["schedule_id"])].append(row)
    return found


def _runs(books: Books) -> Iterator[str]:
    of_fire = Counter(bytes(run["fire_id"]) for run in books.runs if run["fire_id"] is not None)
    known = {bytes(fire["id"]) for fire in books.fires}
    for fire in books.fires:
        if fire["state"] not in _OVER_FIRE:
            yield f"the fire {fire['id'].hex()} is still {fire['state']}"
        there = of_fire[bytes(fire["id"])]
        if there != fire["runs"]:
            yield f"the fire {fire['id'].hex()} says {fire['runs']} runs, there are {there}"
    for run in books.runs:
        if run["state"] not in _OVER_RUN:
            yield f"the run {text_of('run', run['id'])} is still {run['state']}"
        if run["fire_id"] is not None and bytes(run["fire_id"]) not in known:
            yield f"the run {text_of('run', run['id'])} belongs to no fire"
    if books.ready:
        yield f"{len(books.ready)} entries are left in the queue"


def _says_unsent(run: Row) -> bool:
    """Whether a run failed because its target had not answered for as long as its attempts would have taken."""
    return run["state"] == "failed" and run["attempts"] == 0 and str(run["error"]).startswith("not sent: ")


def _deliveries(books: Books, delivered: Sequence[Delivery], kills: Sequence[int]) -> Iterator[str]:
    times: defaultdict[str, list[int]] = defaultdict(list)
    for one in delivered:
        times[one.run].append(one.at_ms)
    runs = {text_of("run", run["id"]): run for run in books.runs}
    for run, row in runs.items():
        if run not in times and row["state"] == "succeeded":
            yield f"the run {run} says it succeeded and was never delivered"
        elif run not in times and not _says_unsent(row):
            yield f"the run {run} was never delivered ({row['state']})"
    for run in times.keys() - runs.keys():
        yield f"the run {run} was delivered and is not in the books"
    for run, instants in times.items():
        for earlier, later in pairwise(instants):
            if not any(earlier - UNDER_WAY_MS <= kill <= later for kill in kills):
                yield f"the run {run} was delivered at {earlier} and {later}, and no server killed between"
    slots = Counter((bytes(run["fire_id"]), run["row_key"]) for run in books.runs if run["fire_id"])
    for (fire, _), count in slots.items():
        if count > 1:
            yield f"the fire {fire.hex()} has {count} runs for the same row"


def _early(books: Books, delivered: Sequence[Delivery]) -> Iterator[str]:
    for fire in books.fires:
        if fire["fired_ms"] < fire["slot_ms"]:
            yield f"the fire {fire['id'].hex()} came {fire['slot_ms'] - fire['fired_ms']} ms early"
    for one in delivered:
        if one.at_ms < one.slot_ms:
            yield f"the run {one.run} was delivered {one.slot_ms - one.at_ms} ms early"


def delivered_twice(delivered: Sequence[Delivery]) -> int:
    """How many runs came more than once."""
    return sum(times > 1 for times in Counter(one.run for one in delivered).values())


def text_of(prefix: str, an_id: bytes) -> str:
    """An id as the API writes it: 26 characters of Crockford's base 32 behind a prefix."""
    number = int.from_bytes(an_id, "big")
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
