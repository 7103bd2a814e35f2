"""How webhooks are taken, read for and sent to beside a store that others change, that is away, or that answers late.

All of it runs in virtual time, in which a second is as long as the loop leaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.events import Event, EventFilter
from horarium.domain.webhooks import (
    DISABLE_MS,
    FAILURES_TO_PROBE,
    Answer,
    DeliveryState,
    Parcel,
    Webhook,
    wait_ms,
)
from horarium.events import deliverer as module
from horarium.events.deliverer import (
    CLOSE_S,
    LOOK_S,
    MOST_PROBES,
    MOST_UNDER_WAY,
    READ_AT_ONCE,
    TELL_S,
    TROUBLE_S,
    Deliverer,
)
from horarium.events.feed import MOST_IN_HAND, UNSAID
from horarium.events.feed import MOST_UNDER_WAY as MOST_OF_ONE
from horarium.events.figures import event_metrics
from horarium.store.base import EVENTS, WEBHOOKS
from horarium.store.verbs.webhooks import MOST_WEBHOOKS, ClaimedWebhook, HeldWebhook, Sent
from tests.events.test_feed import DEAD, HOOK, NOW, OK, event
from tests.simulation.loop import run_in_virtual_time

NODE = b"n"


class Log:
    """As much of a store as a deliverer asks for, and its clock, which goes with the loop. `away`: it refuses all;
    `deaf`: to be told what was sent."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.free: list[ClaimedWebhook] = []
        self.mine: dict[bytes, int] = {}
        self.told: list[tuple[float, list[Sent]]] = []
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.lost: set[bytes] = set()
        self.away = self.deaf = False
        self.hears: list[Callable[[str, int], None]] = []
        self.listen = self.hears.append
        self.begun = 0.0
        self.secrets: dict[bytes, list[str]] = {}

    def now_ms(self) -> int:
        return NOW + round(asyncio.get_running_loop().time() * 1000)

    def tell(self, topic: str) -> None:
        for hear in self.hears:
            hear(topic, self.now_ms())

    def add(self, *events: Event, told: bool = True) -> None:
        self.events += events
        if told:
            self.tell(EVENTS)

    def webhook(self, name: bytes = b"h", epoch: int = 1, told: bool = True, **given: Any) -> Webhook:
        made = replace(HOOK, id=name, **given)
        self.free.append(ClaimedWebhook(made, epoch))
        if told:
            self.tell(WEBHOOKS)
        return made

    async def read(self, verb: Any, *given: Any) -> Any:
        return await self.urgent(verb, *given)

    async def urgent(self, verb: Any, *given: Any) -> Any:
        self.asked.append((verb.__name__, given))
        await asyncio.sleep(0)
        if self.away or (self.deaf and verb.__name__ == "note_sent"):
            raise Unavailable("the database is away")
        return getattr(self, f"_{verb.__name__}")(*given)

    def _webhooks_of(self, node: bytes) -> tuple[dict[bytes, int], bool]:
        assert node == NODE
        return dict(self.mine), bool(self.free)

    def _claim_webhooks(self, node: bytes, most: int) -> list[ClaimedWebhook]:
        assert node == NODE
        taken, self.free = self.free[:most], self.free[most:]
        self.mine |= {claimed.webhook.id: claimed.epoch for claimed in taken}
        return taken

    def _held_webhook(self, claimed: ClaimedWebhook, in_hand: int) -> HeldWebhook:
        assert in_hand == MOST_IN_HAND
        return HeldWebhook(*claimed, (), frozenset())

    def _let_go(self, node: bytes, webhooks: dict[bytes, int]) -> None:
        for one in webhooks:
            del self.mine[one]
            self.webhook(one, webhooks[one] + 1, told=False)

    def _log_ends(self, workspaces: set[bytes]) -> dict[bytes, int]:
        return dict.fromkeys(workspaces, self.events[-1].number if self.events else 0)

    def _events_after(self, workspace: bytes, after: int, limit: int) -> list[Event]:
        return [one for one in self.events if one.number > after and one.number > self.begun][:limit]

    def _note_sent(self, node: bytes, batch: list[Sent], now: int) -> set[bytes]:
        self.told.append((asyncio.get_running_loop().time(), batch))
        return self.lost

    def count(self, name: str) -> int:
        return sum(asked == name for asked, _ in self.asked)

    @property
    def states(self) -> dict[int, str]:
        """The last that was told of each event."""
        return {row.number: row.state for _, batch in self.told for sent in batch for row in sent.rows}


class Post:
    """Takes parcels, notes when, and answers after `takes` seconds: OK, or the next of `answers`."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes, self.answers = takes, dict[bytes, list[Answer]]()
        self.sent: list[tuple[float, Parcel]] = []
        self.busy = self.most = 0

    async def send(self, parcel: Parcel) -> Answer:
        self.sent.append((asyncio.get_running_loop().time(), parcel))
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.busy -= 1
        left = self.answers.get(parcel.webhook_id, [])
        return left.pop(0) if left else OK

    @property
    def numbers(self) -> list[int]:
        return [parcel.event.number for _, parcel in self.sent]

    def times(self, of: bytes = b"h") -> list[float]:
        return [round(at, 2) for at, parcel in self.sent if parcel.webhook_id == of]


class Stage:
    def __init__(self, takes: float) -> None:
        self.log, self.post = Log(), Post(takes)
        self.may = True
        vault: Any = self
        log: Any = self.log
        post: Any = self.post
        self.deliverer = Deliverer(log, log, NODE, vault, post, lambda: self.may)

    def open(self, sealed: bytes, about: bytes) -> dict[str, list[str]]:
        """As a vault does it."""
        return {"signing_secrets": [f"secret of {about.decode()}"]}


def played(script: Callable[[Stage], Awaitable[None]], takes: float = 0.0) -> Stage:
    """Play a script while a deliverer works, in virtual time. Every place has been given back at the end."""

    async def play() -> Stage:
        stage = Stage(takes)
        working = asyncio.create_task(stage.deliverer.loop())
        await asyncio.sleep(0.5)  # its first look is over, and the next is half a second away
        await script(stage)
        assert not working.done()
        ending = working, *stage.deliverer._tasks
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        assert stage.deliverer._under_way == {False: {}, True: {}}, "a place was not given back"
        return stage

    return run_in_virtual_time(play())


async def until(true: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.001)


def at_once(found: list[float], at: float) -> bool:
    return found == [pytest.approx(at, abs=0.02)] * len(found)


def test_a_webhook_and_an_event_that_a_commit_tells_of_wait_for_no_look():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        await asyncio.sleep(0.1)
        stage.log.add(event(1))
        await asyncio.sleep(0.1)

    stage = played(script)
    assert at_once(stage.post.times(), 0.6)
    ((_, parcel),) = stage.post.sent
    assert (parcel.secrets, parcel.attempt, parcel.url) == (["secret of h"], 1, HOOK.url)
    assert 0 <= parcel.now_ms - NOW - 600 < 20
    assert stage.log.states == {1: "delivered"}


def test_what_nobody_tells_of_is_found_by_the_next_look():
    async def script(stage: Stage) -> None:
        stage.log.webhook(told=False)
        await asyncio.sleep(LOOK_S)
        assert stage.log.mine
        stage.log.add(event(1), told=False)
        await asyncio.sleep(LOOK_S)

    assert len(played(script).post.sent) == 1


def test_a_node_without_anything_to_do_looks_once_a_second_and_takes_nothing():
    async def script(stage: Stage) -> None:
        await asyncio.sleep(100)

    log = played(script).log
    assert log.count("webhooks_of") == pytest.approx(100 / LOOK_S, abs=2)
    assert (log.count("claim_webhooks"), log.count("note_sent"), log.count("let_go")) == (0, 0, 0)


def test_an_event_that_did_not_arrive_is_sent_again_when_it_is_due_while_others_wait_longer():
    async def script(stage: Stage) -> None:
        stage.post.answers[b"h"] = [DEAD]
        stage.post.answers[b"slow"] = [Answer(503, again_ms=60_000)]
        stage.log.webhook()
        stage.log.webhook(b"slow")
        stage.log.add(event(1))
        await asyncio.sleep(10)
        stage.log.webhook(b"new", told=False)
        await asyncio.sleep(LOOK_S)
        assert b"new" in stage.deliverer.feeds
        await asyncio.sleep(30)

    stage = played(script, takes=0.3)  # so that it is not due when webhooks are looked for anyway
    first, again = stage.post.times()
    assert again - first == pytest.approx(0.3 + wait_ms(1) / 1000, abs=0.02)
    assert [parcel.attempt for _, parcel in stage.post.sent if parcel.webhook_id == b"h"] == [1, 2]
    assert stage.log.count("webhooks_of") < 60  # and meanwhile nothing runs in circles


def test_a_node_that_may_not_work_takes_and_sends_nothing_until_it_may_again():
    async def script(stage: Stage) -> None:
        stage.may = False
        stage.log.webhook()
        stage.log.add(event(1))
        await asyncio.sleep(5)
        assert (stage.log.mine, stage.post.sent) == ({}, [])
        stage.may = True
        await asyncio.sleep(LOOK_S)

    assert len(played(script).post.sent) == 1


def test_an_outage_of_the_database_is_survived_and_what_was_sent_before_is_told_first_and_once():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.add(event(1), event(2, b"b"))
        await until(lambda: len(stage.post.sent) == 2)
        stage.log.away = True
        stage.log.add(event(3))
        await asyncio.sleep(10)
        assert stage.log.told == []
        assert len(stage.post.sent) == 2
        stage.log.away = False
        await asyncio.sleep(2)

    with capture_logs() as lines:
        stage = played(script)
    # It looks once a second, and tells what was sent after each pause.
    line = {"log_level": "warning", "event": "events_not_sent", "error": "the database is away"}
    assert lines == [line] * round(10 / LOOK_S + 10 / TROUBLE_S)
    assert stage.post.numbers == [1, 2, 3]
    told = [[row.number for sent in batch for row in sent.rows] for _, batch in stage.log.told]
    assert told == [[1, 2], [3]]
    asked = [name for name, _ in stage.log.asked if name in ("webhooks_of", "note_sent")]
    assert len(asked) < 80  # half a second lies between two tries


def test_what_could_not_be_told_is_told_as_soon_as_the_database_is_back_though_nothing_else_happens():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.add(event(1))
        await until(lambda: bool(stage.post.sent))
        stage.log.away = True
        await asyncio.sleep(10)
        stage.log.away = False
        await asyncio.sleep(1)

    assert played(script).log.states == {1: "delivered"}


@pytest.mark.parametrize("takes", [0.0, 1.2])
def test_what_was_sent_gathers_for_a_moment_before_it_is_told(takes: float):
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        for number in range(1, 4):
            stage.log.add(event(number, b"%d" % number))
            await asyncio.sleep(TELL_S / 4)
        await asyncio.sleep(1 + takes)

    ((at, (sent,)),) = played(script, takes).log.told
    assert [row.number for row in sent.rows] == [1, 2, 3]
    assert at == pytest.approx(0.5 + takes + TELL_S, abs=0.02)


def test_the_answer_of_a_webhook_that_is_in_other_hands_by_now_counts_for_nothing():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.add(event(1))
        await asyncio.sleep(0.5)
        stage.log.mine.clear()
        stage.log.tell(WEBHOOKS)
        await asyncio.sleep(3)
        assert stage.deliverer.feeds == {}

    stage = played(script, takes=2)
    assert (len(stage.post.sent), stage.log.told) == (1, [])
    assert stage.deliverer.figures.delays.count == 0


def test_a_webhook_that_was_changed_is_taken_anew_and_one_that_is_ours_unheard_is_let_go_first():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        await asyncio.sleep(0.1)
        before = stage.deliverer.feeds[b"h"]
        stage.log.mine[b"h"] = 7
        stage.log.tell(WEBHOOKS)
        await asyncio.sleep(0.1)
        assert before.lost
        assert stage.deliverer.feeds[b"h"].epoch == stage.log.mine[b"h"] == 8

    assert played(script).log.count("let_go") == 1


def test_what_the_store_says_is_lost_is_dropped_and_what_it_says_of_an_earlier_epoch_is_not():
    async def script(stage: Stage) -> None:
        stage.log.webhook(b"a")
        stage.log.webhook(b"b")
        stage.log.lost = {b"a"}
        stage.log.add(event(1))
        await asyncio.sleep(0.2)
        assert set(stage.deliverer.feeds) == {b"b"}
        stage.log.lost = {b"b"}
        kept = stage.deliverer.feeds[b"b"]
        stage.log.add(event(2))
        await until(lambda: len(stage.post.sent) == 3)
        kept.epoch = 2  # lost and taken again, while the store was told
        stage.deliverer._unsaid = [stage.log.told[0][1][1]]
        await stage.deliverer.tell()
        assert set(stage.deliverer.feeds) == {b"b"}

    played(script)


def test_a_receiver_that_is_gone_is_let_go_as_soon_as_the_store_knows():
    async def script(stage: Stage) -> None:
        stage.post.answers[b"h"] = [Answer(410)]
        stage.log.webhook()
        stage.log.add(event(1), event(2, b"b"))
        await asyncio.sleep(0.2)
        assert stage.deliverer.feeds == {}

    (_, (sent,)) = played(script).log.told[0]
    assert sent.disabled == "the receiver answered 410 Gone"


def test_events_under_way_are_bounded_over_all_webhooks_which_take_turns():
    hooks = [b"%d" % number for number in range(MOST_UNDER_WAY // MOST_OF_ONE + 2)]
    most = MOST_UNDER_WAY * 4 // 5 + 1  # of one workspace

    async def script(stage: Stage) -> None:
        for hook in hooks:
            stage.log.webhook(hook)
        await asyncio.sleep(0.1)
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, 101)))
        await asyncio.sleep(0.5)
        shares = [len(stage.post.times(hook)) for hook in hooks]
        assert sum(shares) == most
        assert max(shares) - min(shares) <= 1
        await asyncio.sleep(30)

    stage = played(script, takes=1)
    assert stage.post.most == most
    assert len(stage.post.sent) == 100 * len(hooks)


def test_receivers_at_which_nothing_arrives_have_places_of_their_own():
    dead = [b"%d" % number for number in range(MOST_PROBES + 5)]

    async def script(stage: Stage) -> None:
        for hook in dead:
            stage.log.webhook(hook, failing_since_ms=NOW - 1)
        stage.log.webhook(b"alive")
        await asyncio.sleep(0.1)
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, 11)))
        await asyncio.sleep(0.5)
        assert len(stage.post.times(b"alive")) == 10
        assert sum(bool(stage.post.times(hook)) for hook in dead) == MOST_PROBES - MOST_PROBES // 8
        await asyncio.sleep(3)

    stage = played(script, takes=1)
    assert all(len(stage.post.times(hook)) == 10 for hook in dead)
    assert stage.deliverer._under_way == {False: {}, True: {}}


@pytest.mark.parametrize("failing_since_ms", [None, NOW - 1], ids=["answer slowly", "do not answer"])
def test_many_receivers_of_one_workspace_leave_places_to_another(failing_since_ms: int | None):
    async def script(stage: Stage) -> None:
        for number in range(MOST_WEBHOOKS):
            stage.log.webhook(b"%d" % number, failing_since_ms=failing_since_ms)
        await asyncio.sleep(1)
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, MOST_OF_ONE + 1)))
        await asyncio.sleep(1)
        stage.log.webhook(b"theirs", workspace_id=b"other", failing_since_ms=failing_since_ms)
        await until(lambda: bool(stage.post.times(b"theirs")), 2)

    played(script, takes=10)


def test_a_receiver_that_fails_while_events_are_on_their_way_and_comes_back_gives_back_the_places_that_it_had():
    count = FAILURES_TO_PROBE + 5

    async def script(stage: Stage) -> None:
        stage.post.answers[b"h"] = [DEAD] * (count + 1)
        stage.log.webhook()
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, count + 1)))
        await asyncio.sleep(0.2)
        assert stage.deliverer._under_way == {False: {HOOK.workspace_id: count}, True: {}}
        await until(lambda: len(stage.post.sent) == count + 1, 100)
        assert stage.deliverer._under_way == {False: {}, True: {HOOK.workspace_id: 1}}
        await asyncio.sleep(100)

    assert set(played(script, takes=1).log.states.values()) == {"delivered"}


def test_who_had_to_wait_for_a_place_is_not_last_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_UNDER_WAY", 1)

    async def script(stage: Stage) -> None:
        for hook in (b"a", b"b", b"c"):
            stage.log.webhook(hook)
        await asyncio.sleep(0.1)
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, 5)))
        await asyncio.sleep(12)

    first = [parcel.webhook_id for _, parcel in played(script, takes=1).post.sent][:6]
    assert {one: first.count(one) for one in first} == {b"a": 2, b"b": 2, b"c": 2}


def test_the_log_is_read_in_pages_once_for_all_webhooks_that_read_the_same():
    count = 2 * READ_AT_ONCE + 1

    async def script(stage: Stage) -> None:
        stage.log.webhook(b"a")
        stage.log.webhook(b"b")
        await asyncio.sleep(0.1)
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, count + 1)))
        await asyncio.sleep(0.4)

    stage = played(script)
    assert len(stage.post.sent) == 2 * count
    assert all(stage.post.times(hook)[-1] < 0.7 for hook in (b"a", b"b"))
    pages = [given for name, given in stage.log.asked if name == "events_after"]
    assert pages == [(b"w", after, READ_AT_ONCE) for after in (0, READ_AT_ONCE, 2 * READ_AT_ONCE)]


def test_a_full_hand_reads_no_more_and_reads_on_as_soon_as_events_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "READ_AT_ONCE", 300)
    count = MOST_IN_HAND + 50

    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.webhook(b"wants nothing", wanted=EventFilter(("none",)))
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, count + 1)))
        await asyncio.sleep(0.3)
        assert len(stage.post.sent) == MOST_OF_ONE
        assert stage.deliverer.feeds[b"h"].in_hand == MOST_IN_HAND
        pages = stage.log.count("events_after")
        await asyncio.sleep(5)
        assert stage.log.count("events_after") == pages
        stage.post.takes = 0
        await asyncio.sleep(5.1)  # the first have arrived at 10.8, which is not when webhooks are looked for
        assert stage.log.count("events_after") > pages
        await asyncio.sleep(0.5)

    stage = played(script, takes=10.3)
    assert sorted(stage.post.numbers) == list(range(1, count + 1))
    assert max(stage.post.times()) < 11.3
    pages = [given for name, given in stage.log.asked if name == "events_after"]
    assert all(limit > 0 for _, _, limit in pages)
    assert (b"w", 900, 100) in pages  # no more than fits
    (told,) = [sent for _, batch in stage.log.told for sent in batch if sent.webhook_id == b"wants nothing"]
    assert (told.position, told.rows) == (count, [])


def test_a_full_hand_reads_on_when_the_first_has_arrived_though_most_go_on_waiting_and_no_look_is_near():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, MOST_IN_HAND + 50)))
        await asyncio.sleep(0.3)
        pages = stage.log.count("events_after")
        await until(lambda: len(stage.post.sent) > MOST_OF_ONE, 11)
        await asyncio.sleep(0.2)
        assert stage.log.count("events_after") > pages

    played(script, takes=10.3)


def test_events_that_a_webhook_does_not_want_are_told_as_passed_though_it_is_sent_nothing():
    async def script(stage: Stage) -> None:
        stage.log.webhook(wanted=EventFilter(("none",)))
        stage.log.add(*(event(number) for number in range(1, UNSAID + 1)))
        await asyncio.sleep(0.2)

    ((_, (sent,)),) = played(script).log.told
    assert (sent.position, sent.rows) == (UNSAID, [])


def test_a_hand_that_is_full_of_what_the_store_was_not_told_reads_on_as_soon_as_it_was():
    count = 6 * MOST_IN_HAND

    async def script(stage: Stage) -> None:
        stage.log.deaf = True
        stage.log.webhook()
        stage.log.add(*(event(number, b"%d" % number) for number in range(1, count + 1)))
        await asyncio.sleep(4.7)
        assert MOST_IN_HAND <= len(stage.post.sent) < count
        stage.log.deaf = False
        await until(lambda: len(stage.log.told) == 2)  # what it had tried to tell, and what it was full of
        (at, _), *_ = stage.log.told[1:]
        await asyncio.sleep(0.04)
        assert any(at < sent < at + 0.02 for sent, _ in stage.post.sent)

    played(script)


def test_events_that_were_deleted_before_they_were_read_are_passed():
    async def script(stage: Stage) -> None:
        stage.log.begun = 5
        stage.log.webhook()
        stage.log.add(event(4))
        await asyncio.sleep(0.1)
        assert stage.deliverer.feeds[b"h"].read_to == 4
        reads = stage.log.count("events_after")
        await asyncio.sleep(10)
        assert stage.log.count("events_after") == reads

    played(script)


def test_a_server_that_stops_waits_for_answers_for_a_moment_and_tells_all_that_it_knows():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        await asyncio.sleep(0.1)
        stage.post.takes = CLOSE_S / 2
        stage.log.add(event(1), event(2, b"b"))
        await asyncio.sleep(0.1)
        stage.post.takes = 1_000
        stage.log.add(event(3, b"c"))
        await asyncio.sleep(0.1)

    async def play() -> None:
        stage = Stage(0)
        working = asyncio.create_task(stage.deliverer.loop())
        await asyncio.sleep(0.5)
        await script(stage)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        begun = asyncio.get_running_loop().time()
        unsaid = Sent(b"h", b"w", 1, 0, None, [])
        stage.deliverer._unsaid = [unsaid]
        await stage.deliverer.close()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(CLOSE_S, abs=0.1)
        assert stage.log.states == {1: "delivered", 2: "delivered"}
        assert stage.log.told[0][1] == [unsaid]
        assert stage.post.busy == 0
        assert stage.deliverer._under_way == {False: {}, True: {}}
        await stage.deliverer.close()  # with nothing under way it waits for nothing

    run_in_virtual_time(play())


def test_the_figures_count_what_is_in_hand_what_fails_and_how_late_events_arrive():
    async def script(stage: Stage) -> None:
        stage.log.webhook(b"dead", failing_since_ms=NOW - DISABLE_MS // 2)
        stage.log.webhook(b"h")
        stage.post.answers[b"dead"] = [DEAD] * 9
        await asyncio.sleep(0.1)
        stage.log.add(event(1)._replace(at_ms=NOW - 60_000))
        stage.log.add(event(2, b"b")._replace(at_ms=NOW + 60_000))  # by the clock of another machine
        await asyncio.sleep(0.3)

    stage = played(script, takes=0.1)
    counted = {DeliveryState.DELIVERED.value: 4}
    stage.log.figures = figures = type("Figures", (), {"of": lambda self, kind: counted})()  # type: ignore[attr-defined]
    assert figures is not None
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in event_metrics(stage.deliverer)
        for sample in metric.samples
    }
    assert found["horarium_webhooks",] == 2
    assert found["horarium_webhooks_failing",] == 1
    assert found["horarium_events_in_hand",] == 2
    states = {name[1]: value for name, value in found.items() if name[0] == "horarium_event_deliveries_total"}
    assert states == {state.value: counted.get(state.value, 0) for state in DeliveryState}
    assert found["horarium_event_delay_seconds_count",] == 2
    assert found["horarium_event_delay_seconds_sum",] == pytest.approx(60.7, abs=0.1)


def test_a_node_takes_a_hundred_webhooks_in_a_look_so_that_other_nodes_get_some():
    async def script(stage: Stage) -> None:
        for number in range(150):
            stage.log.webhook(b"%d" % number, told=False)
        await asyncio.sleep(LOOK_S)
        assert len(stage.log.mine) == 100
        await asyncio.sleep(LOOK_S)
        assert len(stage.log.mine) == 150

    played(script)


def test_the_log_is_read_when_an_event_is_told_and_at_a_look_and_not_whenever_something_has_arrived():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        await asyncio.sleep(0.1)
        stage.log.add(*(event(number) for number in range(1, 6)))  # of one schedule, one after another
        before = stage.log.count("log_ends")
        await asyncio.sleep(0.3)
        assert stage.post.numbers == [1, 2, 3, 4, 5]
        assert stage.log.count("log_ends") - before == 1

    played(script, takes=0.01)


def test_a_server_that_stops_waits_until_requests_that_it_gives_up_have_been_closed():
    class Closing(Post):
        async def send(self, parcel: Parcel) -> Answer:
            try:
                return await super().send(parcel)
            finally:
                self.busy += 1
                await asyncio.sleep(0.5)
                self.busy -= 1

    async def play() -> None:
        stage = Stage(0)
        stage.post = stage.deliverer._post = Closing(1_000)
        working = asyncio.create_task(stage.deliverer.loop())
        stage.log.webhook()
        await asyncio.sleep(0.1)
        stage.log.add(event(1))
        await asyncio.sleep(0.1)
        working.cancel()
        await stage.deliverer.close()
        assert (stage.post.numbers, stage.post.busy) == ([1], 0)
        await asyncio.gather(working, return_exceptions=True)

    run_in_virtual_time(play())


def test_the_last_place_in_hand_is_filled_too():
    async def script(stage: Stage) -> None:
        stage.log.webhook()
        stage.log.add(*(event(number) for number in range(1, MOST_IN_HAND)))
        await asyncio.sleep(0.1)
        (feed,) = stage.deliverer.feeds.values()
        assert (feed.in_hand, feed.room) == (MOST_IN_HAND - 1, 1)
        stage.log.add(event(MOST_IN_HAND), event(MOST_IN_HAND + 1))
        await asyncio.sleep(0.1)
        assert (feed.in_hand, feed.room) == (MOST_IN_HAND, 0)

    played(script, takes=1_000)
