"""The overlap policy, held against the order in which the database saw fires begin, wait and end."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.domain.overlap import Overlap
from horarium.domain.schedule import OverlapScope
from tests.simulation.evidence import Book


def overlaps_of(book: Book) -> Iterator[str]:
    """Fires that began beside an open one, waited beyond the buffer, or were skipped for nothing."""
    going: set[bytes] = set()
    waiting: dict[bytes, int] = {}
    version_of = {note.values[0]: note.values[7] for note in book.notes if note.kind == "fire"}
    begun_with: tuple[int, set[bytes]] = (-1, set())
    for note in book.notes:
        if begun_with[0] != note.tx:
            begun_with = (note.tx, going | waiting.keys())
        if note.kind == "span" and note.values[4] in ("skipped", "unbegun") and not begun_with[1]:
            after = any(one.tx == note.tx and one.kind == "fire" for one in book.notes)
            if not after:
                yield f"{book.name}: a slot was skipped while nothing was in flight ({note.values})"
        if note.kind not in ("fire", "fire_state") or note.values[2] != "clock":
            continue
        fire, state = note.values[0], note.values[3]
        policies = book.policies[version_of[fire]]
        if state == "waiting":
            waiting[fire] = note.tx
            bound = {Overlap.BUFFER_ONE: 1, Overlap.BUFFER_ALL: policies.buffer_limit}.get(policies.overlap)
            if bound is not None and len(waiting) > bound:
                yield f"{book.name}: {len(waiting)} fires wait, {bound} may"
        elif state in ("running", "resolving"):
            waiting.pop(fire, None)
            allowed = policies.overlap is Overlap.ALLOW or policies.overlap_scope is OverlapScope.ROW
            if fire not in going and going and not allowed:
                yield f"{book.name}: fire {fire.hex()} began while {len(going)} were open ({policies.overlap})"
            going.add(fire)
        else:
            waiting.pop(fire, None)
            going.discard(fire)
