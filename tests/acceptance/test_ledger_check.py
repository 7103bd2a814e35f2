"""The auditor finds what is wrong: sound books pass, and each kind of damage is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.delivery_log import Delivery
from tests.support.ledger_check import Books, check, text_of

WHO = b"s" * 16
NOON = 1_772_366_400_000


def _fire(second: int, **changed: Any) -> dict[str, Any]:
    slot = NOON + second * 1000
    plain = {
        "id": bytes([second]) * 16,
        "schedule_id": WHO,
        "kind": "clock",
        "slot_ms": slot,
        "fired_ms": slot + 3,
    }
    return plain | {"state": "completed", "runs": 1} | changed


def _run(second: int, **changed: Any) -> dict[str, Any]:
    plain = {"id": bytes([100 + second]) * 16, "fire_id": bytes([second]) * 16, "schedule_id": WHO}
    return plain | {"row_key": "", "state": "succeeded", "attempts": 1, "error": None} | changed


SCHEDULE = {
    "schedule_id": WHO,
    "created_ms": NOON + 300,
    "accounted_to": NOON + 5_000,
    "fires": 3,
    "succeeded": 3,
    "failed": 0,
    "skipped": 2,
    "open_fires": 0,
    "waiting_fires": 0,
}
SPAN = {
    "schedule_id": WHO,
    "first_ms": NOON + 2_000,
    "last_ms": NOON + 3_000,
    "count": 2,
    "reason": "skipped",
}
BOOKS = Books([SCHEDULE], [_fire(1), _fire(4), _fire(5)], [SPAN], [_run(1), _run(4), _run(5)], [])


def _delivery(second: int, late: int = 5) -> Delivery:
    slot = NOON + second * 1000
    return Delivery(slot + late, text_of("run", bytes([100 + second]) * 16), slot, 1)


SEEN = [_delivery(1), _delivery(4), _delivery(5)]


def test_it_finds_nothing_in_sound_books() -> None:
    assert check(BOOKS, SEEN) == []


def test_it_accepts_a_delivery_on_each_side_of_a_kill() -> None:
    assert check(BOOKS, [*SEEN, _delivery(5, 900)], kills=[NOON + 5_100]) == []


def test_it_accepts_a_run_that_failed_unsent_and_says_so() -> None:
    unsent = _run(5, state="failed", attempts=0, error="not sent: the target has not answered for 30 s")
    failed = replace(
        BOOKS, schedules=[SCHEDULE | {"succeeded": 2, "failed": 1}], runs=[*BOOKS.runs[:2], unsent]
    )
    found = check(failed, SEEN[:2])
    assert not any("never delivered" in finding for finding in found)


@pytest.mark.parametrize(
    ("books", "seen", "words"),
    [
        (replace(BOOKS, spans=[]), SEEN, "2 slots without an entry"),
        (replace(BOOKS, fires=[*BOOKS.fires, _fire(3)]), SEEN, "1 slots with several entries"),
        (replace(BOOKS, spans=[SPAN | {"count": 3}]), SEEN, "counts 3 slots, there are 2"),
        (replace(BOOKS, schedules=[SCHEDULE | {"succeeded": 2}]), SEEN, "the counter succeeded says 2"),
        (replace(BOOKS, fires=[*BOOKS.fires[:2], _fire(5, fired_ms=NOON)]), SEEN, "5000 ms early"),
        (replace(BOOKS, runs=BOOKS.runs[:2]), SEEN, "says 1 runs, there are 0"),
        (replace(BOOKS, runs=[*BOOKS.runs[:2], _run(5, state="running")]), SEEN, "is still running"),
        (replace(BOOKS, ready=[{"run_id": b""}]), SEEN, "1 entries are left in the queue"),
        (BOOKS, SEEN[:2], "was never delivered"),
        (BOOKS, [*SEEN, _delivery(6)], "is not in the books"),
        (BOOKS, [*SEEN, _delivery(5, 900)], "no server killed between"),
        (BOOKS, [*SEEN[:2], _delivery(5, -1)], "delivered 1 ms early"),
    ],
)
def test_it_names_what_is_wrong(books: Books, seen: list[Delivery], words: str) -> None:
    assert any(words in finding for finding in check(books, seen, kills=[NOON + 1_000]))
