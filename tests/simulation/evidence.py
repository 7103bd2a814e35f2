"""The evidence of a world after its play: its tables by schedule, what the database saw, and what was wrong when."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from horarium.domain.schedule import Policies, policies_from_text
from tests.simulation.node import DRIFT
from tests.simulation.trail import Note
from tests.simulation.world import World
from tests.support.all_fires import ALL_FIRES, ALL_RUNS

NOISE_MS = 5
"""How far a node's clock may be off the database's where their clocks are not exact: what a sample cannot tell."""
FOLLOWED_S = 4.0
"""After a jump of the database's clock a node knows of it: two samples."""


@dataclass(frozen=True)
class Reign:
    """A definition of a schedule and the slots it rules: (after, upto], in milliseconds."""

    version: int
    after: int
    upto: int


@dataclass
class Book:
    """One schedule's part of the evidence."""

    id: bytes
    workspace: bytes
    state: str
    timings: dict[int, dict[str, Any]]
    policies: dict[int, Policies]
    audiences: dict[int, Any]
    reigns: list[Reign]
    fires: list[Any]
    spans: list[Any]
    cursor: Any
    notes: list[Note] = field(default_factory=list)

    @cached_property
    def name(self) -> str:
        return f"schedule {self.id.hex()} ({', '.join(timing['spec'] for timing in self.timings.values())})"

    @cached_property
    def clock_fires(self) -> list[Any]:
        return [fire for fire in self.fires if fire["kind"] == "clock"]


class Evidence:
    """A world after its play."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._query = world.store.connection.execute
        self.runs = self._query(f"SELECT * FROM {ALL_RUNS}").fetchall()
        self.runs_by_id = {run["id"]: run for run in self.runs}
        notes: dict[bytes, list[Note]] = defaultdict(list)
        for note in world.trail.notes:
            place = {"fire": 1, "fire_state": 1, "fire_gone": 1, "run": 2, "span": 0, "cursor": 0}.get(
                note.kind
            )
            if place is not None and note.values[place] is not None:
                notes[note.values[place]].append(note)
        self.books = [self._book(row, notes[row["id"]]) for row in self._query("SELECT * FROM schedules")]

    def _book(self, row: Any, notes: list[Note]) -> Book:
        key = row["id"]
        versions = self._query("SELECT * FROM versions WHERE schedule_id = ?", (key,)).fetchall()
        return Book(
            key,
            row["workspace_id"],
            row["state"],
            {one["version"]: json.loads(one["timing"]) for one in versions},
            {one["version"]: policies_from_text(one["policies"]) for one in versions},
            {one["version"]: one["audience"] and json.loads(one["audience"]) for one in versions},
            _reigns([note for note in notes if note.kind == "cursor"]),
            self._query(f"SELECT * FROM {ALL_FIRES} WHERE schedule_id = ? ORDER BY id", (key,)).fetchall(),
            self._query("SELECT * FROM spans WHERE schedule_id = ? ORDER BY first_ms", (key,)).fetchall(),
            self._query("SELECT * FROM cursors WHERE schedule_id = ?", (key,)).fetchone(),
            notes,
        )

    @cached_property
    def pauses(self) -> list[Any]:
        """All pauses. A time of a window that is over may have been ended before it began, where the window was taken
        back after a clock was set back: it counts as it was entered."""
        entered: dict[bytes, int | None] = {}
        for note in self.world.trail.notes:
            if note.kind == "pause":
                pause_id, _, _, ends_ms, *_ = note.values
                entered.setdefault(pause_id, ends_ms)
        found = [dict(row) for row in self._query("SELECT * FROM pauses ORDER BY from_ms").fetchall()]
        for pause in found:
            if pause["ends_ms"] is not None and pause["ends_ms"] < pause["from_ms"]:
                pause["ends_ms"] = entered.get(pause["id"], pause["ends_ms"])
        return found

    def pauses_of(self, book: Book, slot: int, due: int) -> list[Any]:
        """The pauses of a schedule or of its workspace in which a slot lies."""
        return [
            pause
            for pause in self.pauses
            if pause["workspace_id"] == book.workspace
            and pause["schedule_id"] in (None, book.id)
            and pause["from_ms"] <= due
            and (pause["ends_ms"] is None or slot <= pause["ends_ms"])
        ]

    def resumed_ms(self, book: Book, slot: int, due: int) -> int:
        """When a slot could fire: once it was due, and its pauses were over, and those that followed at once."""
        over = max((pause["ends_ms"] or due for pause in self.pauses_of(book, slot, due)), default=due)
        if over == due:
            return over
        for pause in self.pauses:
            mine = pause["workspace_id"] == book.workspace and pause["schedule_id"] in (None, book.id)
            if mine and pause["from_ms"] <= over < (pause["ends_ms"] or 0):
                over = pause["ends_ms"]
        return over

    def disturbed(self, since: float, until: float) -> bool:
        """Whether anything was wrong, or was being mended, at some moment of [since, until]."""
        return any(first <= until and last >= since for first, last, _ in self.world.disturbances)

    @cached_property
    def first_arrivals(self) -> dict[bytes, float]:
        """When the first call of each run arrived."""
        found: dict[bytes, float] = {}
        for one in self.world.receiver.log:
            found.setdefault(one.run_id, one.at)
        return found

    @cached_property
    def jumped(self) -> list[float]:
        return [at for at, _, kind in self.world.disturbances if kind.startswith(("clock", "downtime"))]

    def tolerance_ms(self, at: float) -> float:
        """How much too early by the database's clock a node may act that cannot know better."""
        noise = 0.0
        if not self.world.profile.exact_clocks:
            noise = NOISE_MS + DRIFT * 1000 * self.frozen_s
        noise += self.world.profile.latency * 1000
        if any(jump <= at <= jump + FOLLOWED_S + self.frozen_s for jump in self.jumped):
            return float("inf")
        return noise

    @cached_property
    def frozen_s(self) -> float:
        """The longest that a node may have been frozen or cut off, one after the other too, and have missed a jump."""
        longest = 0.0
        begun = ended = float("-inf")
        for first, last, kind in sorted(self.world.disturbances):
            if kind in ("freeze", "cut", "storm"):
                begun, ended = (begun, max(ended, last)) if first <= ended else (first, last)
                longest = max(longest, ended - begun)
        return longest


def _reigns(moves: list[Note]) -> list[Reign]:
    """Which slots each version ruled, from the cursor's moves."""
    found: list[Reign] = []
    for note in moves:
        _, version, accounted, *_ = note.values
        if found:
            found[-1] = Reign(found[-1].version, found[-1].after, accounted)
        if not found or found[-1].version != version:
            found.append(Reign(version, accounted, accounted))
    return found
