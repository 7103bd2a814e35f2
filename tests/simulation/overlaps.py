"""The overlap policy, held against the order in which the database saw fires begin, wait and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from horarium.domain.overlap import Overlap
from horarium.domain.schedule import OverlapScope
from tests.simulation.evidence import Book, Evidence
from tests.simulation.trail import Note

# A run that was sent so long before the database saw a slot wait for it had begun, and was marked so.
MARKED_S = 3.0


def held_slots_of(book: Book, evidence: Evidence) -> Iterator[str]:
    """Slots that wait although the run before them had begun, that were replaced by none, or called unbegun while none
    waits in their stead."""
    waiting: set[bytes] = set()
    going: dict[bytes, float] = {}
    policy_of = {note.values[0]: book.policies[note.values[7]] for note in book.notes if note.kind == "fire"}
    for tx, notes in groupby(book.notes, lambda note: note.tx):
        gone, skipped, held = [], [], []
        for note in notes:
            if note.kind == "span" and note.values[4] == "unbegun":
                skipped.append(note.values)
            if note.kind == "fire_gone":
                gone.append(note.values[3])
                waiting.discard(note.values[0])
            if note.kind not in ("fire", "fire_state") or note.values[2] != "clock":
                continue
            fire, state = note.values[0], note.values[3]
            if state == "waiting":
                waiting.add(fire)
                if policy_of[fire].overlap is Overlap.SKIP:
                    held.append(fire)
                    yield from _begun_before(book, evidence, going, note)
            else:
                waiting.discard(fire)
            if state in ("running", "resolving"):
                going.setdefault(fire, note.at)
            elif state != "waiting":
                going.pop(fire, None)
        if skipped and not waiting:
            yield f"{book.name}: slots were called unbegun in transaction {tx}, and none waits in their stead"
        for slot in gone:
            if not held:
                yield f"{book.name}: the slot {slot} that waited was dropped for none"
            if not any(first <= slot <= last for _, first, last, *_ in skipped):
                yield f"{book.name}: the slot {slot} that waited was dropped without an entry"


def _begun_before(book: Book, evidence: Evidence, going: Iterable[bytes], held: Note) -> Iterator[str]:
    """Whether a run of a fire that is in flight had arrived long before a slot was let wait for it to begin."""
    evidence.world.count("slot held")
    for run in going:
        at = evidence.first_arrivals.get(run)
        if at is not None and at < held.at - MARKED_S and not evidence.disturbed(at - 60.0, held.at):
            yield f"{book.name}: a slot waits at {held.at:.3f} s for run {run.hex()} that began at {at:.3f} s"


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
        if note.kind == "fire_gone":
            waiting.pop(note.values[0], None)
        if note.kind not in ("fire", "fire_state") or note.values[2] != "clock":
            continue
        fire, state = note.values[0], note.values[3]
        policies = book.policies[version_of[fire]]
        if state == "waiting":
            waiting[fire] = note.tx
            bounds = {Overlap.SKIP: 1, Overlap.BUFFER_ONE: 1, Overlap.BUFFER_ALL: policies.buffer_limit}
            bound = bounds.get(policies.overlap)
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
