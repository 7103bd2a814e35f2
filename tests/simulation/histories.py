"""What the worlds of some seeds come to, to the last row: a page that changes when what nodes do changes in any way.

The checker says whether a world is right. It cannot say whether it is the same as before, and much that may go wrong
is not wrong by itself: another run is claimed first, a retry comes a moment later, a counter has one too many. So the
page has for each seed how often each verb wrote what, each table with what its columns hold, what reached the targets,
and what the nodes counted. Values that have no short form stand in it as a hash.

`python -m tests.simulation.histories` writes the page anew. `python -m tests.simulation.histories 12` (or `2 with
events`) prints all that happened in the world of seed 12, for comparing two states of the program line by line.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from horarium.worker.figures import worker_metrics
from tests.simulation.events import with_event_kills
from tests.simulation.script import Script, script_for
from tests.simulation.world import World

PAGE = Path(__file__).with_name("histories.txt")
# The seeds of worlds, and of those in which workspaces have webhooks and nodes are killed where events come to be.
SEEDS, SEEDS_WITH_EVENTS = range(1, 41), (2, 3, 4, 6, 7, 8)
WIDTH = 150
# Of a column with at most so many different values, how often each occurs is told.
FEW = 5
# Columns whose values do not come from the script: what is random, and what depends on the installed zone data.
OTHERWISE = {
    ("audit_pending", "id"),
    ("audit_pending", "entries"),
    ("cursors", "zone_data"),
    ("meta", "value"),
    ("nodes", "zone_data"),
    ("schedules", "zone_data"),
    ("webhooks", "secrets"),
    ("windows", "zone_data"),
}


def scripts() -> dict[str, Script]:
    """The scripts of the page, by the name under which it tells of them."""
    usual = {f"seed {seed}": script_for(seed) for seed in SEEDS}
    return usual | {
        f"seed {seed} with events": with_event_kills(script_for(seed)) for seed in SEEDS_WITH_EVENTS
    }


def history(name: str) -> str:
    """The part of the page that tells of a script."""
    with World(scripts()[name]).play() as world:
        parts = [*_written(world), *_arrived(world), *_tables(world), *_counted(world)]
    lines = [line for part in parts for line in wrap(part, WIDTH, subsequent_indent="      ")]
    return "\n".join((f"== {name}", *(f"  {line}" for line in lines), ""))


def _written(world: World) -> Iterator[str]:
    """What the verbs wrote: how often each kind of note, with a hash of all of them in their order."""
    by_verb: dict[str, list[Any]] = {}
    for note in world.trail.notes:
        by_verb.setdefault(f"{note.verb} wrote {note.kind}", []).append(note)
    for name, notes in sorted(by_verb.items()):
        yield f"{name} {len(notes)} times, {_hash(notes)}"


def _arrived(world: World) -> Iterator[str]:
    by_kind: dict[str, list[Any]] = {}
    for each in world.receiver.log:
        by_kind.setdefault(type(each).__name__, []).append(each)
    for name, found in sorted(by_kind.items()):
        yield f"{name} {len(found)} times, {_hash(found)}"


def _tables(world: World) -> Iterator[str]:
    for name, columns, rows in _rows(world):
        by_column = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
        told = [_column(column, values) for column, values in by_column.items() if set(values) != {None}]
        yield f"{name} has {len(rows)} rows: {'; '.join(told)}"


def _rows(world: World) -> Iterator[tuple[str, list[str], list[Any]]]:
    """The tables that are not empty, each with its columns and its rows in their order."""
    database = world.store.connection
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (name,) in names:
        found = database.execute(f"SELECT * FROM {name}")
        every = [column[0] for column in found.description]
        kept = [place for place, column in enumerate(every) if (name, column) not in OTHERWISE]
        rows = [tuple(row[place] for place in kept) for row in found]
        if rows:
            yield name, [every[place] for place in kept], rows


def _column(name: str, values: Sequence[Any]) -> str:
    different = Counter(map(_short, values))
    if len(different) > FEW or None in different:
        return f"{name} {_hash(values)}"
    return f"{name} {' '.join(f'{value}×{times}' for value, times in sorted(different.items()))}"


def _short(value: Any) -> str | None:
    """A value as the page shows it; None for what is too long, an id, or an instant."""
    if value is None or (isinstance(value, int) and abs(value) < 1_000_000):
        return str(value)
    return repr(value) if isinstance(value, str) and len(value) <= 20 else None


def _counted(world: World) -> Iterator[str]:
    """What was counted by the store, and by the workers of the nodes that are left."""
    counted = {" ".join(map(str, which)): times for which, times in world.store.figures.counted.items()}
    yield f"counted by the store: {_list(counted)}"
    for number, node in enumerate(world.nodes):
        metrics = worker_metrics(node.worker, node.clock.now_ms())
        samples = [
            sample
            for metric in metrics
            for sample in metric.samples
            if sample.value and not sample.name.endswith("_bucket")
        ]
        told = {
            f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value for sample in samples
        }
        yield f"counted by node {number}: {_list(told)}"


def _list(counted: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {times:g}" for name, times in sorted(counted.items()))


def _hash(values: Iterable[Any]) -> str:
    return hashlib.sha256(repr(list(values)).encode()).hexdigest()[:8]


def _every_line(name: str) -> Iterator[str]:
    """All that happened in the world of a script."""
    with World(scripts()[name]).play() as world:
        yield from map(str, world.trail.notes)
        yield from map(str, world.receiver.log)
        for table, columns, rows in _rows(world):
            yield f"{table}: {columns}"
            yield from map(str, rows)
        yield from _counted(world)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print("\n".join(_every_line(f"seed {' '.join(sys.argv[1:])}")))
    else:
        PAGE.write_text("".join(map(history, scripts())))
