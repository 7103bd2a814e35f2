"""The checker: holds the ledger, the runs and the receiver's log against the invariants of the design.

Each check is a function from evidence to findings, in words. The numbers in their names are those of the invariants in
the reliability report.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from horarium.domain.fire import settled_state
from horarium.domain.schedule import CatchUp, OverlapScope
from horarium.domain.windows import MOST_BEGUN
from tests.simulation.events import events_told_13
from tests.simulation.evidence import NOISE_MS, Evidence
from tests.simulation.neighbours import NEIGHBOUR_CHECKS
from tests.simulation.overlaps import held_slots_of, overlaps_of
from tests.simulation.slots import slots_between
from tests.simulation.trail import Note
from tests.simulation.users import Shown
from tests.simulation.world import World
from tests.support.all_fires import ALL_FIRES

LATE_S = 1.0
"""How late a fire may be where nothing is wrong; a call of the store may take its latency besides."""
Finding = str
Check = Callable[[Evidence], Iterator[Finding]]


def check(world: World) -> list[Finding]:
    """Everything that is wrong with a world after its play."""
    evidence = Evidence(world)
    found = [*world.found, *world.overdue, *(f"not drained: {one}" for one in world.undrained)]
    for one in CHECKS:
        found += [f"{one.__name__}: {words}" for words in one(evidence)]
    return found


def covered_once_1(evidence: Evidence) -> Iterator[Finding]:
    """Each slot up to where a schedule is accounted for is covered by one entry, and nothing else is."""
    for book in evidence.books:
        slots: list[int] = []
        for reign in book.reigns:
            found = slots_between(book.timings[reign.version], reign.after // 1000, reign.upto // 1000)
            slots += [slot * 1000 for slot in found]
        slots.sort()
        covers = Counter(fire["slot_ms"] for fire in book.clock_fires)
        known = set(slots)
        for slot in covers.keys() - known:
            yield f"{book.name} fired at {slot}, which is no slot of the time accounted for"
        for span in book.spans:
            inside = slots[bisect_left(slots, span["first_ms"]) : bisect_right(slots, span["last_ms"])]
            covers.update(inside)
            if (
                len(inside) != span["count"]
                or not inside
                or (inside[0], inside[-1]) != (span["first_ms"], span["last_ms"])
            ):
                told = f"{span['reason']}, {span['count']} from {span['first_ms']} to {span['last_ms']}"
                yield f"{book.name}: a span ({told}) holds {len(inside)} slots"
        for slot in slots:
            if covers[slot] != 1:
                yield f"{book.name}: slot {slot} is covered {covers[slot]} times"
        evidence.world.counts["slots"] += len(slots)


def forward_only_1(evidence: Evidence) -> Iterator[Finding]:
    """What is accounted for stays so: the cursor never moves back, and entries never vanish."""
    for book in evidence.books:
        for note in book.notes:
            if note.kind == "cursor" and note.values[4] is not None and note.values[2] < note.values[4]:
                yield f"{book.name}: accounted_to went back from {note.values[4]} to {note.values[2]} ({note.verb})"


def never_early_2(evidence: Evidence) -> Iterator[Finding]:
    """No fire is entered and nothing is delivered before slot plus jitter, by the database's clock."""
    for book in evidence.books:
        for note in book.notes:
            if note.kind != "fire" or note.values[2] != "clock":
                continue
            _, _, _, _, slot, due, fired, version, _ = note.values
            jitter = book.policies[version].jitter_ms
            if not slot <= due <= slot + max(jitter - 1, 0):
                yield f"{book.name}: due {due} of slot {slot} lies outside the jitter of {jitter} ms"
            if fired < due:
                yield f"{book.name}: slot {slot} due at {due} was fired at {fired} by the node's clock"
            if note.db_ms < due - evidence.tolerance_ms(note.at):
                yield f"{book.name}: slot {slot} due at {due} was fired at {note.db_ms} by the database's clock"
    for one in evidence.world.receiver.log:
        if (
            one.due_ms is not None
            and one.kind == "clock"
            and one.db_ms < one.due_ms - evidence.tolerance_ms(one.at)
        ):
            yield f"run {one.run_id.hex()} due at {one.due_ms} was delivered at {one.db_ms}"
    for run in evidence.runs:
        if (
            run["started_ms"] is not None
            and run["started_ms"] < run["due_ms"] - NOISE_MS
            and not evidence.jumped
        ):
            yield f"run {run['id'].hex()} due at {run['due_ms']} was started at {run['started_ms']}"


def fired_once_3(evidence: Evidence) -> Iterator[Finding]:
    """One slot, one fire in the ledger, one run id at the receiver, whatever happened to nodes and database."""
    for book in evidence.books:
        for slot, times in Counter(fire["slot_ms"] for fire in book.clock_fires).items():
            if times != 1:
                yield f"{book.name}: slot {slot} has {times} fires"
    seen: dict[tuple[Any, ...], set[bytes]] = defaultdict(set)
    replays = {run["id"] for run in evidence.runs if run["mode"] == "retry"}
    replays |= {n.values[0] for n in evidence.world.lost_notes if n.kind == "run" and n.values[3] == "retry"}
    for one in evidence.world.receiver.log:
        if one.kind == "clock" and one.run_id not in replays:
            seen[one.schedule_id, one.slot_ms, one.row_key].add(one.run_id)
    for (schedule, slot, row), ids in seen.items():
        if len(ids) != 1:
            yield f"schedule {schedule.hex()}, slot {slot}, row {row!r} was delivered under {len(ids)} run ids"


def one_run_each_4(evidence: Evidence) -> Iterator[Finding]:
    """A fire without audience has one run; one with an audience has one for each row."""
    runs: dict[bytes, list[Any]] = defaultdict(list)
    for run in evidence.runs:
        if run["fire_id"] is not None and run["mode"] != "retry":
            runs[run["fire_id"]].append(run)
    known = set()
    for book in evidence.books:
        for fire in book.fires:
            known.add(fire["id"])
            mine = runs[fire["id"]]
            keys = [run["row_key"] for run in mine]
            audience = book.audiences[fire["version"]]
            if len(set(keys)) != len(keys):
                yield f"{book.name}: fire {fire['id'].hex()} has two runs for one row"
            if audience is None:
                if len(mine) > 1 or (not mine and fire["state"] != "cancelled"):
                    yield f"{book.name}: fire {fire['id'].hex()} ({fire['state']}) has {len(mine)} runs"
                continue
            rows = {f"row{number:04d}" for number in range(audience["filter"]["rows"])}
            per_row = (
                book.policies[fire["version"]].overlap_scope is OverlapScope.ROW and fire["kind"] == "clock"
            )
            if not set(keys) <= rows:
                yield f"{book.name}: fire {fire['id'].hex()} has runs for rows that are none"
            if fire["error"] is None and not per_row and fire["state"] != "cancelled" and set(keys) != rows:
                yield f"{book.name}: fire {fire['id'].hex()} reached {len(keys)} of {len(rows)} rows"
    for fire in runs.keys() - known:
        yield f"runs of fire {fire.hex()}, which is in no ledger"


def repeats_explained_4(evidence: Evidence) -> Iterator[Finding]:
    """An attempt arrives twice only where something went wrong meanwhile; attempts stay within their policy."""
    seen: dict[tuple[bytes, int], list[Any]] = defaultdict(list)
    for one in evidence.world.receiver.log:
        if one.copy == 0:
            seen[one.run_id, one.attempt].append(one)
    for (run, attempt), arrivals in seen.items():
        if len(arrivals) > 1 and not evidence.disturbed(arrivals[0].at - 60.0, arrivals[-1].at):
            yield f"attempt {attempt} of run {run.hex()} arrived {len(arrivals)} times for no reason"
    limits = {
        book.id: max(policies.retry.max_attempts for policies in book.policies.values())
        for book in evidence.books
    }
    for run in evidence.runs:
        limit = limits.get(run["schedule_id"])
        if limit is not None and run["attempts"] > limit:
            yield f"run {run['id'].hex()} had {run['attempts']} attempts of {limit}"


def overlap_holds_5(evidence: Evidence) -> Iterator[Finding]:
    """Where the policy is not to allow it, no fire of the clock begins while another is open."""
    for book in evidence.books:
        yield from overlaps_of(book)
        yield from held_slots_of(book, evidence)


def limits_hold_6(evidence: Evidence) -> Iterator[Finding]:
    """No more fires than allowed. That none lies beyond the end is part of the cover."""
    for book in evidence.books:
        count = 0
        for note in book.notes:
            if note.kind == "fire_gone":
                count -= 1
            if note.kind == "fire" and note.values[2] == "clock":
                count += 1
                most = book.policies[note.values[7]].max_fires
                if most is not None and count > most:
                    yield f"{book.name}: fire number {count} of at most {most}"


def workspaces_apart_7(evidence: Evidence) -> Iterator[Finding]:
    """A run is delivered to a target of its own workspace, in its name."""
    world = evidence.world
    owner = {
        target: world.workspaces[plan.workspace]
        for target, plan in zip(world.targets, world.script.targets, strict=True)
    }
    for one in world.receiver.log:
        run = evidence.runs_by_id.get(one.run_id)
        if one.workspace_id != owner[one.target_id] or (
            run is not None and run["workspace_id"] != one.workspace_id
        ):
            yield f"run {one.run_id.hex()} went to a target of another workspace"
    for sql in (
        f"SELECT count(*) FROM {ALL_FIRES} f JOIN schedules s ON s.id = f.schedule_id "
        "WHERE s.workspace_id <> f.workspace_id",
        "SELECT count(*) FROM runs r JOIN schedules s ON s.id = r.schedule_id WHERE s.workspace_id <> r.workspace_id",
        "SELECT count(*) FROM runs r JOIN targets t ON t.id = r.target_id WHERE t.workspace_id <> r.workspace_id",
    ):
        if world.store.connection.execute(sql).fetchone()[0]:
            yield f"rows of two workspaces are joined: {sql}"


def on_time_8(evidence: Evidence) -> Iterator[Finding]:
    """Where nothing is wrong a fire is entered within a second of its instant, and nothing is missed."""
    slack = LATE_S + 6 * evidence.world.profile.latency
    for book in evidence.books:
        moved_by_hand = 0.0
        for note in book.notes:
            if note.kind == "cursor" and note.verb != "release":
                moved_by_hand = note.at
            if note.kind == "fire" and note.values[2] == "clock":
                could = max(note.values[5], evidence.resumed_ms(book, note.values[4], note.values[5]))
                late = (note.db_ms - could) / 1000
                since = note.at - max(late, 0.0)
                waited = min(late, note.at - moved_by_hand)
                if waited > slack and not evidence.disturbed(since, note.at):
                    yield f"{book.name}: slot {note.values[4]} was fired {late:.3f} s late"
            if (
                note.kind == "span"
                and note.values[4] == "missed"
                and not evidence.disturbed(note.at - 60.0, note.at)
            ):
                late = (note.db_ms - note.values[1]) / 1000
                if late < note.at - moved_by_hand:
                    yield f"{book.name}: slots from {note.values[1]} were missed although nothing was wrong"


def catch_up_8(evidence: Evidence) -> Iterator[Finding]:
    """What fires after downtime is what the catch-up policy says, and no more."""
    for book in evidence.books:
        late: dict[int, list[Note]] = defaultdict(list)
        for note in book.notes:
            if (
                note.kind != "fire"
                or note.values[2] != "clock"
                or "once" in book.timings[note.values[7]]["spec"]
            ):
                continue
            policies, slot, due, fired = (
                book.policies[note.values[7]],
                note.values[4],
                note.values[5],
                note.values[6],
            )
            if evidence.pauses_of(book, slot, due):
                continue  # its pause decides: see pauses_hold_8
            if fired - due > policies.grace_ms + 1:
                late[note.tx].append(note)
                if policies.catch_up is CatchUp.NONE:
                    yield f"{book.name}: slot {slot} was caught up against the policy"
            if fired - due > policies.catch_up_window_ms:
                yield f"{book.name}: slot {slot} was caught up from beyond the window"
        for notes in late.values():
            policies = book.policies[notes[0].values[7]]
            most = {CatchUp.LATEST: 1, CatchUp.ALL: policies.catch_up_limit}.get(policies.catch_up, 0)
            if len(notes) > most > 0:
                yield f"{book.name}: {len(notes)} slots were caught up at once, {most} may"
        for fire in book.clock_fires:
            if fire["missed_count"] is None:
                continue
            inside = [
                span
                for span in book.spans
                if span["first_ms"] <= fire["missed_first"] <= fire["missed_last"] <= span["last_ms"]
            ]
            if len(inside) != 1:
                yield f"{book.name}: a fire speaks of missed slots that the ledger does not have"


def pauses_hold_8(evidence: Evidence) -> Iterator[Finding]:
    """While a workspace is paused no slot of the pause fires; afterwards what its catch-up says, and no more.

    What fires of a time in which a schedule was paused by itself as well is for the catch-up of that pause.
    """
    books = {book.id: book for book in evidence.books}
    known: dict[bytes, dict[bytes, tuple[Any, ...]]] = defaultdict(dict)
    by_itself = {
        note.values[0]: note.values[1:] for note in evidence.world.trail.notes if note.kind == "settled_pause"
    }
    caught_up: Counter[tuple[bytes, bytes]] = Counter()
    for note in evidence.world.trail.notes:
        if note.kind == "pause":
            known[note.values[1]][note.values[0]] = note.values[2:]
            continue
        book = (
            books.get(note.values[0 if note.kind == "span" else 1]) if note.kind in ("span", "fire") else None
        )
        if book is None:
            continue
        if note.values[4 if note.kind == "span" else 2] not in ("workspace_paused", "maintenance", "clock"):
            continue
        own = {
            pause: values for pause, values in known[book.workspace].items() if values[3] in (None, book.id)
        }
        if note.kind == "span":
            first, last, reason, version = note.values[1], note.values[2], note.values[4], note.values[5]
            jitter = book.policies[version].jitter_ms
            for slot in (first, last):
                inside = any(
                    begin - jitter <= slot and (end is None or slot < end)
                    for begin, end, _, schedule, window in reversed(own.values())  # it is mostly the latest
                    if (window is not None if reason == "maintenance" else (schedule, window) == (None, None))
                )
                if not inside:
                    yield f"{book.name}: slot {slot} is said to be {reason}"
            continue
        slot, due, fired, version = note.values[4:8]
        for pause, (begin, end, catch_up, *_) in own.items():
            if due < begin or (end is not None and due >= end):
                continue
            if end is None or fired < end:
                yield f"{book.name}: slot {slot} fired at {fired} in a pause from {begin} to {end}"
            elif "once" not in book.timings[version]["spec"]:
                caught_up[book.id, pause] += 1
                most = {"none": 0, "latest": 1}.get(catch_up, book.policies[version].catch_up_limit)
                others = [other for other in own if other != pause]
                alone = all(own[other][0] >= end or (own[other][1] or end) <= begin for other in others)
                alone = alone and not any(
                    schedule == book.id and first < end and (last is None or last > begin)
                    for _, first, last, _, schedule, _ in by_itself.values()
                )
                if caught_up[book.id, pause] > most and alone:
                    yield f"{book.name}: {caught_up[book.id, pause]} slots of a pause fired, {most} may"


def windows_begin_8(evidence: Evidence) -> Iterator[Finding]:
    """A maintenance window holds from each instant that its recurrence names, and from no other."""
    for window, (timing, duration_ms, made_ms) in evidence.world.users.windows.items():
        entered = [pause for pause in evidence.pauses if pause["window_id"] == window]
        begun = [pause["from_ms"] for pause in entered]
        last = max(begun, default=made_ms)
        expected = [at * 1000 for at in slots_between(timing, made_ms // 1000, last // 1000)]
        # Of a leap of the clock over very many of them the latest are entered.
        if begun != expected and (len(expected) <= MOST_BEGUN or not set(begun) <= set(expected)):
            yield f"window {window.hex()} ({timing['spec']}) began at {begun}, not at {expected}"
        for pause in entered:
            if pause["ends_ms"] > pause["from_ms"] + duration_ms:
                yield f"window {window.hex()} held from {pause['from_ms']} to {pause['ends_ms']}"


def final_is_final_10(evidence: Evidence) -> Iterator[Finding]:
    """Every run ends once: what is final is never written again, and an attempt is never taken back."""
    for note in evidence.world.trail.notes:
        if note.kind == "run_state":
            run, new, old, attempts, before = note.values
            if old in ("succeeded", "failed", "cancelled"):
                yield f"run {run.hex()} was {old} and became {new} ({note.verb} of {note.node})"
            if attempts < before:
                yield f"run {run.hex()} went from attempt {before} to {attempts} ({note.verb} of {note.node})"
        elif note.kind == "fire_state" and note.values[4] in ("completed", "partial", "failed", "cancelled"):
            yield f"fire {note.values[0].hex()} was {note.values[4]} and became {note.values[3]}"


def answers_count_10(evidence: Evidence) -> Iterator[Finding]:
    """What a target was told is recorded is what the run ended as; accepted answers never contradict each other."""
    if evidence.world.lost_notes:
        return
    ends: dict[bytes, set[str]] = defaultdict(set)
    for one in evidence.world.receiver.answers:
        if one.result == "accepted" and one.word != "heartbeat":
            ends[one.run_id].add({"complete": "succeeded", "fail": "failed"}[one.word])
    for run, states in ends.items():
        state = evidence.runs_by_id[run]["state"]
        if states != {state}:
            yield f"run {run.hex()} is {state}, but its target was told {states}"


def _is_held(shown: Shown, due: int) -> bool:
    """Whether a pause or a window that was known when the preview was shown holds a slot back that is due then."""
    if any(begin <= due and (end is None or due < end) for begin, end in shown.pauses):
        return True
    for timing, duration, next_ms in shown.windows:
        if next_ms is None or due < next_ms:
            continue
        begun = slots_between(timing, (due - duration) // 1000 - 1, due // 1000)
        if any(at * 1000 >= next_ms and at * 1000 <= due < at * 1000 + duration for at in begun):
            return True
    return False


def previews_true_11(evidence: Evidence) -> Iterator[Finding]:
    """What a preview showed is what the oracle names, and so, by the cover, what happened."""
    for shown in evidence.world.users.shown:
        book = next((one for one in evidence.books if one.id == shown.schedule_id), None)
        if book is None or not shown.slots or shown.version not in book.timings:
            continue
        expected = slots_between(book.timings[shown.version], shown.from_ms // 1000, shown.slots[-1] // 1000)
        jitter = book.policies[shown.version].delay_of(book.id)
        free = [slot * 1000 for slot in expected if not _is_held(shown, slot * 1000 + jitter)]
        if free != list(shown.slots):
            yield f"{book.name}: previewed {shown.slots} from {shown.from_ms}, the oracle says {expected}"


def only_active_go_on_11(evidence: Evidence) -> Iterator[Finding]:
    """A schedule that is paused, completed or deleted is never due."""
    rows = evidence.world.store.connection.execute(
        "SELECT hex(id), state FROM schedules JOIN cursors ON schedule_id = id "
        "WHERE state <> 'active' AND next_due IS NOT NULL"
    )
    for schedule_id, state in rows:
        yield f"schedule {schedule_id} is {state} and goes on"


def counters_true_12(evidence: Evidence) -> Iterator[Finding]:
    """Counters of schedules equal the ledger, counters of fires equal their runs."""
    runs: dict[bytes, Counter[str]] = defaultdict(Counter)
    for run in evidence.runs:
        if run["fire_id"] is not None and run["mode"] != "retry":
            runs[run["fire_id"]][run["state"]] += 1
    for book in evidence.books:
        states = Counter(fire["state"] for fire in book.clock_fires)
        expected = {
            "fires": len(book.clock_fires),
            "succeeded": states["completed"],
            "failed": states["failed"] + states["partial"],
            "skipped": sum(span["count"] for span in book.spans if span["reason"] in ("skipped", "unbegun")),
            "open_fires": states["running"] + states["resolving"],
            "waiting_fires": states["waiting"],
        }
        for name, value in expected.items():
            if book.cursor[name] != value:
                yield f"{book.name}: {name} says {book.cursor[name]}, the ledger {value}"
        for fire in book.fires:
            mine = runs[fire["id"]]
            told = {name: fire[name] for name in ("succeeded", "failed", "cancelled")}
            if any(mine[name] != value for name, value in told.items()) or fire["runs"] != mine.total():
                yield f"{book.name}: fire {fire['id'].hex()} says {fire['runs']} runs {told}, there are {dict(mine)}"
            counts = (fire["runs"], fire["succeeded"], fire["failed"], fire["cancelled"])
            if fire["runs"] and fire["state"] not in ("waiting", "resolving") and fire["error"] is None:
                state = settled_state(*counts) or "running"
                if state != fire["state"]:
                    yield f"{book.name}: fire {fire['id'].hex()} is {fire['state']} with {counts}"


def _actions_on_many(evidence: Evidence) -> Iterator[str]:
    """An action has done to each schedule or run once what it says that it has done."""
    rows = evidence.world.store.connection.execute("SELECT id, kind, changed, state FROM actions").fetchall()
    for an_id, kind, changed, state in rows:
        if state != "done":
            yield f"the action {an_id.hex()} ({kind}) is {state}"
        sql = f"SELECT count(*), count(DISTINCT schedule_id) FROM {ALL_FIRES} WHERE request = ?"
        fires, schedules = evidence.world.store.connection.execute(sql, (f"action {an_id.hex()}",)).fetchone()
        if kind == "fire" and not fires == schedules == changed:
            yield f"the action {an_id.hex()} says {changed} fires, there are {fires} of {schedules} schedules"


def users_heard_true(evidence: Evidence) -> Iterator[Finding]:
    """What users were told is done is done: fires by hand exist, once for each request; backfills hold every slot."""
    if evidence.world.lost_notes:
        return
    fires = {fire["id"]: fire for book in evidence.books for fire in book.fires}
    requests = Counter(
        (fire["schedule_id"], fire["request"]) for fire in fires.values() if fire["kind"] == "manual"
    )
    for key, times in requests.items():
        if times > 1:
            yield f"request {key[1]!r} was fired {times} times"
    yield from _actions_on_many(evidence)
    for told in evidence.world.users.told:
        if told.result != "done":
            continue
        if told.act == "fire_now" and told.value[0] not in fires:
            yield f"a fire by hand that was confirmed is not in the ledger: {told.value}"
        if (
            told.act == "cancel"
            and told.value is not None
            and evidence.runs_by_id[told.value]["state"] != "cancelled"
        ):
            yield f"run {told.value.hex()} was cancelled, and is {evidence.runs_by_id[told.value]['state']}"
        if told.act == "replay" and told.value is not None and told.value not in evidence.runs_by_id:
            yield f"a replay that was confirmed does not exist: {told.value.hex()}"


CHECKS: tuple[Check, ...] = (
    covered_once_1,
    forward_only_1,
    never_early_2,
    fired_once_3,
    one_run_each_4,
    repeats_explained_4,
    overlap_holds_5,
    limits_hold_6,
    workspaces_apart_7,
    on_time_8,
    catch_up_8,
    pauses_hold_8,
    windows_begin_8,
    final_is_final_10,
    answers_count_10,
    previews_true_11,
    only_active_go_on_11,
    counters_true_12,
    users_heard_true,
    events_told_13,
    *NEIGHBOUR_CHECKS,
)
