"""Of one webhook: order within a schedule, repetition, probing of a dead receiver, and what the store is told."""

from dataclasses import replace

import pytest

from horarium.domain.events import Event, EventFilter
from horarium.domain.webhooks import (
    DISABLE_MS,
    FAILURES_TO_PROBE,
    GIVE_UP_MS,
    LONGEST_WAIT_MS,
    OUTAGE_MS,
    Answer,
    Webhook,
    WebhookState,
    wait_ms,
)
from horarium.events.feed import LONGEST_PROBE_MS, MOST_IN_HAND, MOST_UNDER_WAY, UNSAID, Feed
from horarium.store.verbs.webhooks import HeldWebhook, WaitingEvent

NOW = 1_795_348_800_000
OK, DEAD, BUSY = Answer(200), Answer(error="away"), Answer(503, "busy", 5_000)
HOOK = Webhook(
    b"h", b"w", "n", "https://e", EventFilter(), b"", WebhookState.ENABLED, None, 0, None, 1, b"p", 0, 0
)


def event(number, schedule=b"a", kind="fire.failed"):
    return Event(number, b"%d" % number, kind, schedule, NOW, NOW, "{}")


def feed(*events, **held):
    made = Feed(HeldWebhook(**{"webhook": HOOK, "epoch": 1, "waiting": (), "beyond": frozenset()} | held))
    made.add(events, NOW)
    return made


def sent(made, now=NOW):
    """The events that are sent now, side by side."""
    found = []
    while (item := made.next(now)) is not None:
        found.append(item)
    return found


def numbers(items):
    return [item.event.number for item in items]


def test_events_of_one_schedule_are_sent_one_after_another_and_others_side_by_side():
    made = feed(event(1), event(2), event(3, b"b"), event(4, None), event(5, None))
    first = sent(made)
    assert numbers(first) == [1, 3, 4, 5]
    made.ended(first[0], OK, NOW)
    assert numbers(sent(made)) == [2]


def test_an_event_that_did_not_arrive_is_sent_again_before_the_next_of_its_schedule():
    made = feed(event(1), event(2), event(3, b"b"))
    first, other = sent(made)
    made.ended(first, DEAD, NOW)
    made.ended(other, OK, NOW)
    assert sent(made) == []
    assert made.next_due() == NOW + 1_000
    (again,) = sent(made, NOW + 1_000)
    assert again is first
    made.ended(again, DEAD, NOW + 1_000)
    assert made.next_due() == NOW + 5_000
    (again,) = sent(made, NOW + 5_000)
    made.ended(again, OK, NOW + 5_000)
    assert numbers(sent(made, NOW + 5_000)) == [2]


def test_a_delivery_tells_when_it_was_tried_first_however_often_it_is_tried():
    made, now, told = feed(event(1)), NOW, []
    for answer in (DEAD, DEAD, OK):
        (item,) = sent(made, now)
        made.ended(item, answer, now)
        (row,) = made.unsaid().rows
        told.append((row.first_ms, row.last_ms, row.attempts, row.state))
        now = made.next_due() or now
    assert told == [
        (NOW, NOW, 1, "waiting"), (NOW, NOW + 1_000, 2, "waiting"), (NOW, NOW + 5_000, 3, "delivered"),
    ]  # fmt: skip


def test_a_receiver_may_ask_for_a_longer_pause():
    made = feed(event(1))
    made.ended(sent(made)[0], BUSY, NOW)
    assert made.next_due() == NOW + 5_000


def test_a_receiver_that_asks_for_a_pause_of_years_is_tried_again_after_the_longest_wait():
    made = feed(event(1))
    made.ended(sent(made)[0], Answer(503, "busy", 10 * 365 * 86_400_000), NOW)
    assert made.next_due() == NOW + LONGEST_WAIT_MS


def test_a_dead_receiver_is_tried_with_one_event_at_a_time_and_all_are_sent_when_it_is_back():
    made = feed(*(event(number, b"%d" % number) for number in range(1, MOST_UNDER_WAY + 18)))
    now = NOW
    under_way = sent(made)
    assert len(under_way) == MOST_UNDER_WAY
    for item in under_way:
        made.ended(item, DEAD, now)
    assert made.probing
    for _ in range(20):
        now = made.next_due()
        assert now - NOW <= 40 * LONGEST_PROBE_MS
        (probe,) = sent(made, now)
        made.ended(probe, DEAD, now)
        assert made.next_due() <= now + LONGEST_PROBE_MS
    now = made.next_due()
    (probe,) = sent(made, now)
    made.ended(probe, OK, now)
    assert not made.probing
    assert len(sent(made, now)) == MOST_UNDER_WAY


def test_no_more_is_taken_in_hand_than_a_bound():
    made = feed(*(event(number) for number in range(1, MOST_IN_HAND + 1)))
    assert made.room == 0


def test_a_webhook_at_which_nothing_arrives_for_days_is_disabled_with_the_reason():
    made, now = feed(event(1)), NOW
    while not made.disabled:
        assert now <= NOW + DISABLE_MS + LONGEST_PROBE_MS
        made.ended(sent(made, now)[0], DEAD, now)
        now = made.next_due()
    assert made.unsaid().disabled == "nothing has arrived for 3 days"
    assert sent(made, now + DISABLE_MS) == []


def test_a_receiver_that_is_gone_is_disabled_at_once():
    made = feed(event(1))
    made.ended(sent(made)[0], Answer(410, "gone"), NOW)
    assert made.unsaid().disabled == "the receiver answered 410 Gone"


def test_one_event_that_a_receiver_refuses_is_given_up_after_a_day_while_others_arrive():
    made, now = feed(event(1), event(2)), NOW
    number = 10
    while now < NOW + GIVE_UP_MS:
        (item,) = sent(made, now)
        made.ended(item, Answer(400, "no"), now)
        number += 1
        made.add([event(number, b"%d" % number)], now)
        for other in sent(made, now):
            made.ended(other, OK, now)
        now = made.next_due()
    (item,) = sent(made, now)
    assert item.event.number == 1
    made.ended(item, Answer(400, "no"), now)
    told = {row.number: row.state for row in made.unsaid().rows}
    assert told[1] == "failed"
    assert numbers(sent(made, now)) == [2]


HOUR = 3_600_000


def away(made, now, until):
    """The receiver answers nothing; the instant of the first try after `until`, which is not made."""
    for item in sent(made, now):
        made.ended(item, DEAD, now)
    while (due := made.next_due()) < until:
        now = max(due, now)
        for item in sent(made, now):
            made.ended(item, DEAD, now)
    return until + LONGEST_PROBE_MS


def states(made):
    told = made.unsaid()
    return {row.number: row.state for row in told.rows} if told else {}


def test_no_event_is_given_up_at_its_first_failure_after_an_outage_of_days():
    made = feed(*(event(number, b"%d" % number) for number in range(1, 41)))
    now = away(made, NOW, NOW + 30 * HOUR)
    made.ended(made.next(now), OK, now)
    for item in sent(made, now):
        made.ended(item, BUSY, now)
    found = states(made)
    assert sorted(set(found.values())) == ["delivered", "waiting"]
    assert list(found.values()).count("delivered") == 1


def test_what_was_refused_before_an_outage_of_days_has_a_day_again_afterwards():
    made = feed(*(event(number, b"%d" % number) for number in range(1, 8)))
    for now in (NOW, NOW + 1_000):
        for item in sent(made, now):
            made.ended(item, BUSY if item.event.number < 3 else OK, now)
        made.add([event(now - NOW + 10, b"z")], now)
    now = away(made, NOW + 5_000, NOW + 30 * HOUR)
    made.ended(made.next(now), OK, now)
    for item in sent(made, now):
        made.ended(item, BUSY, now)
    assert "failed" not in states(made).values()


def test_a_day_that_begins_at_the_very_end_of_an_outage_goes_on():
    """An event fails in the same millisecond in which another one arrives and ends the outage."""
    made = feed(*(event(number, b"%d" % number) for number in range(1, FAILURES_TO_PROBE + 1)))
    now = away(made, NOW, NOW + 30 * HOUR)
    made.ended(made.next(now), OK, now)
    begun, item = now, made.next(now)
    for other in sent(made, now):
        made.ended(other, OK, now)
    made.ended(item, Answer(400, "no"), now)
    number = 100
    while states(made).get(item.event.number) != "failed":
        assert now < begun + 2 * GIVE_UP_MS
        number += 1
        made.add([event(number, b"%d" % number)], now)
        for other in sent(made, now):
            made.ended(other, Answer(400, "no") if other is item else OK, now)
        now = made.next_due() or now
    assert item.refused_ms == begun


def test_an_event_that_waited_for_a_day_behind_another_is_not_given_up_at_its_own_first_failure():
    made, now, number, tried = feed(event(1), event(2)), NOW, 10, False
    while not tried:
        assert now < NOW + 2 * GIVE_UP_MS
        number += 1
        made.add([event(number, b"%d" % number)], now)
        for item in sent(made, now):
            tried = tried or item.event.number == 2
            made.ended(item, BUSY if item.line == b"a" else OK, now)
        now = made.next_due() or now
    rows = {row.number: row for row in made.unsaid().rows}
    assert rows[1].state == "failed"
    assert (rows[2].state, rows[2].attempts) == ("waiting", 1)
    assert rows[2].first_ms >= NOW + GIVE_UP_MS


def test_whoever_takes_over_after_an_outage_of_days_gives_nothing_up_at_its_first_failure():
    waiting = [WaitingEvent(event(number, b"%d" % number), 9, NOW, NOW) for number in (1, 2)]
    webhook = replace(HOOK, position=2, failing_since_ms=NOW)
    made, now = feed(webhook=webhook, waiting=waiting), NOW + 30 * HOUR
    made.ended(made.next(now), OK, now)
    made.ended(made.next(now), BUSY, now)
    assert states(made) == {1: "delivered", 2: "waiting"}


def test_whoever_takes_over_gives_up_what_was_refused_for_a_day_before():
    waiting = [WaitingEvent(event(1), 30, NOW, NOW, NOW + 1_000)]
    made, now = feed(webhook=replace(HOOK, position=1), waiting=waiting), NOW + GIVE_UP_MS
    made.ended(made.next(now), Answer(400, "no"), now)
    assert states(made) == {1: "waiting"}
    now += 1_000
    made.ended(made.next(now + HOUR), Answer(400, "no"), now + HOUR)
    assert states(made) == {1: "failed"}


def test_an_event_that_is_refused_does_not_keep_others_from_being_tried_while_nothing_arrives():
    made, now = feed(event(1)), NOW
    for _ in range(FAILURES_TO_PROBE):
        made.ended(made.next(now), Answer(400, "no"), now)
        now = made.next_due()
    assert made.probing
    made.add([event(2, b"b")], now)
    assert numbers(sent(made, now)) == [2]


def test_an_event_that_is_refused_is_given_up_also_where_another_arrives_only_once_a_day():
    made, now, day = feed(event(1)), NOW, 0
    while "failed" not in states(made).values():
        assert now < NOW + 4 * GIVE_UP_MS
        if now >= NOW + day * GIVE_UP_MS:
            day += 1
            made.add([event(day + 1, b"b")], now)
        for item in sent(made, now):
            made.ended(item, Answer(400, "no") if item.event.number == 1 else OK, now)
        now = made.next_due() or now


def test_the_position_passes_what_has_arrived_and_what_is_known_to_wait_and_nothing_else():
    made = feed(event(1), event(2, b"b"), event(3, b"c"))
    one, two, _three = sent(made)
    made.ended(two, OK, NOW)
    first = made.unsaid()
    assert (first.position, [row.state for row in first.rows]) == (0, ["delivered"])
    made.ended(one, DEAD, NOW)
    second = made.unsaid()
    assert second.position == 2
    assert [(row.number, row.state, row.due_ms) for row in second.rows] == [(1, "waiting", NOW + 1_000)]


def test_what_waits_behind_an_event_that_did_not_arrive_is_known_to_wait_too():
    made = feed(event(1), event(2))
    made.ended(sent(made)[0], DEAD, NOW + 5)
    made.add([event(3)], NOW + 9)
    told = made.unsaid()
    assert told.position == 3
    assert [(row.number, row.state, row.attempts, row.first_ms) for row in told.rows] == [
        (1, "waiting", 1, NOW + 5),
        (2, "waiting", 0, NOW + 5),
        (3, "waiting", 0, NOW + 9),
    ]


def test_events_that_are_not_wanted_are_passed_without_a_transaction_for_each():
    wanted = replace(HOOK, wanted=EventFilter(("fire.late",)))
    made = feed(*(event(number) for number in range(1, UNSAID)), webhook=wanted)
    assert (made.in_hand, made.unsaid()) == (0, None)
    made.add([event(UNSAID)], NOW)
    assert made.unsaid().position == UNSAID


def test_after_a_crash_another_node_goes_on_where_the_store_says():
    waiting = [WaitingEvent(event(3), 2, NOW, NOW + 9_000), WaitingEvent(event(4), 0, NOW, None)]
    webhook = replace(HOOK, position=4)
    made = feed(event(5), event(6, b"b"), event(7, b"c"), webhook=webhook, waiting=waiting, beyond={6})
    assert numbers(sent(made)) == [7]
    (first,) = sent(made, NOW + 9_000)
    assert (first.event.number, first.attempts) == (3, 2)
    for number in (4, 5):
        made.ended(first, OK, NOW + 9_000)
        (first,) = sent(made, NOW + 9_000)
        assert first.event.number == number


def test_what_the_store_knows_to_wait_is_not_told_again_by_whoever_takes_over():
    waiting = [WaitingEvent(event(1), 1, NOW, NOW), WaitingEvent(event(2), 0, NOW, None)]
    made = feed(webhook=replace(HOOK, position=2), waiting=waiting)
    made.ended(made.next(NOW), DEAD, NOW)
    assert states(made) == {1: "waiting"}


def test_whoever_takes_over_a_receiver_at_which_nothing_arrives_probes_it():
    made = feed(
        *(event(number, b"%d" % number) for number in range(1, 20)),
        webhook=replace(HOOK, failing_since_ms=NOW - 60_000),
    )
    assert made.probing
    (probe,) = sent(made)
    made.ended(probe, OK, NOW)
    assert not made.probing
    assert len(sent(made)) == 18


def test_the_pause_after_failures_is_over_as_soon_as_an_event_arrives_that_was_on_its_way():
    made = feed(*[event(number, b"%d" % number) for number in range(1, FAILURES_TO_PROBE + 3)])
    under_way = sent(made)
    for item in under_way[:FAILURES_TO_PROBE]:
        made.ended(item, DEAD, NOW)
    assert made.probing
    assert sent(made) == []
    made.ended(under_way[-1], OK, NOW)
    assert len(sent(made)) == FAILURES_TO_PROBE


def test_an_event_that_waits_already_is_not_taken_in_hand_twice():
    made = feed(event(2), event(3, b"b"), waiting=[WaitingEvent(event(2), 1, NOW, None)])
    assert (made.in_hand, made.read_to) == (2, 3)
    first, other = sent(made)
    assert numbers([first, other]) == [2, 3]
    made.ended(first, OK, NOW)
    assert sent(made) == []


def test_what_waits_behind_an_event_that_is_on_its_way_is_not_said_to_wait():
    made = feed(event(1), event(2))
    sent(made)
    made.add([event(3)], NOW)
    assert made.unsaid() is None


def test_reading_never_goes_back():
    made = feed(event(7))
    made.pass_to(5)
    assert made.read_to == 7
    made.pass_to(9)
    assert made.read_to == 9


def test_nothing_is_sent_of_a_webhook_that_is_in_other_hands():
    made = feed(event(1))
    made.lost = True
    assert sent(made) == []


def test_a_receiver_at_which_nothing_arrives_is_waited_for_only_while_there_is_something_to_send():
    made = feed(webhook=replace(HOOK, failing_since_ms=NOW))
    assert made.probing
    assert made.next_due() is None
    made.add([event(1)], NOW)
    assert made.next_due() is not None


def test_days_without_any_arrival_are_counted_from_the_first_failure_of_whatever_event():
    made = feed(event(1), event(2, b"b"))
    first, other = sent(made)
    made.ended(first, DEAD, NOW)
    made.ended(other, DEAD, NOW + DISABLE_MS - 1)
    assert not made.disabled
    later = sent(made, NOW + 2 * DISABLE_MS)
    assert numbers(later) == [1, 2]
    made.ended(later[1], DEAD, NOW + DISABLE_MS)
    assert made.disabled


def test_probes_begin_soon_and_come_ever_later_up_to_a_minute():
    made = feed(*(event(number, b"%d" % number) for number in range(1, FAILURES_TO_PROBE + 1)))
    for item in sent(made):
        made.ended(item, DEAD, NOW)
    now, pauses = NOW, []
    for _ in range(5):
        pauses.append(made.next_due() - now)
        now = made.next_due()
        (probe,) = sent(made, now)
        made.ended(probe, DEAD, now)
    assert pauses == [wait_ms(1), wait_ms(2), wait_ms(3), LONGEST_PROBE_MS, LONGEST_PROBE_MS]


@pytest.mark.parametrize("failures", [0, FAILURES_TO_PROBE, FAILURES_TO_PROBE + 1])
def test_a_receiver_is_left_alone_for_as_long_as_it_asks_whether_something_arrives_there_or_nothing(failures):
    asks_ms = 30_000
    made = feed(event(1))
    now = NOW
    for _ in range(failures):
        (item,) = sent(made, now)
        made.ended(item, DEAD, now)
        now = made.next_due()
    (item,) = sent(made, now)
    made.ended(item, replace(BUSY, again_ms=asks_ms), now)
    assert made.next_due() == now + min(asks_ms, LONGEST_PROBE_MS)
    assert sent(made, made.next_due() - 1) == []
    assert numbers(sent(made, made.next_due())) == [1]


@pytest.mark.parametrize(
    ("fails_for_ms", "was_away"),
    [(None, False), (LONGEST_PROBE_MS, False), (OUTAGE_MS - 1, False), (OUTAGE_MS, True)],
)
def test_only_an_event_that_itself_failed_for_an_hour_proves_that_the_receiver_was_away(
    fails_for_ms, was_away
):
    """One event is refused, and nothing else is there, for hours. Then another arrives, at once or after a while."""
    made = feed(event(1), event(2, b"b"))
    refused, arrives = sent(made)
    made.ended(refused, BUSY, NOW)
    made.ended(arrives, OK, NOW + 1)
    now = NOW
    for _ in range(6):  # alone for almost two hours
        now = max(now + wait_ms(refused.attempts, 5_000), now + LONGEST_PROBE_MS)
        assert made.next(now) is refused
        made.ended(refused, BUSY, now)
    assert made.probing
    since = refused.refused_ms
    due = now + wait_ms(refused.attempts, 5_000)
    now += 2 * LONGEST_PROBE_MS
    made.add([event(3, b"c")], now)
    other = made.next(now)
    assert other.event.number == 3
    if fails_for_ms is not None:
        made.ended(other, DEAD, now)
        now += fails_for_ms
        if due < now:
            assert made.next(due) is refused
            made.ended(refused, BUSY, due)
        assert made.next(now) is other
    made.ended(other, OK, now)
    assert not made.probing
    made.unsaid()
    later = since + GIVE_UP_MS
    assert made.next(later) is refused
    made.ended(refused, BUSY, later)
    (row,) = made.unsaid().rows
    assert row.state == ("waiting" if was_away else "failed")


def test_what_the_store_is_told_is_in_order_and_tells_an_attempt_only_of_what_was_sent():
    made = feed(event(1), event(2), event(3, b"b"))
    first, other = sent(made)
    made.ended(other, OK, NOW + 5)
    made.ended(first, DEAD, NOW + 9)
    told = made.unsaid()
    assert [row.number for row in told.rows] == [1, 2, 3]
    assert [row.attempts for row in told.rows] == [1, 0, 1]
    assert [row.last_ms for row in told.rows] == [NOW + 9, None, NOW + 5]
    assert [row.due_ms for row in told.rows] == [NOW + 9 + wait_ms(1), None, None]
    assert (told.failing_since_ms, told.position) == (NOW + 9, 3)


def test_a_delivery_tells_what_the_receiver_has_answered_and_of_what_was_not_sent_nothing():
    made = feed(event(1), event(2))
    made.ended(sent(made)[0], Answer(500, "out of order"), NOW)
    first, behind = made.unsaid().rows
    assert (first.status, first.error, first.last_ms) == (500, "out of order", NOW)
    assert (behind.status, behind.error, behind.last_ms) == (None, None, None)


def test_after_an_arrival_as_many_failures_as_before_make_a_receiver_dead():
    made, now = feed(*(event(number, b"%d" % number) for number in range(1, 30))), NOW
    items = sent(made, now)
    for _ in range(2):
        for item in items[: FAILURES_TO_PROBE - 1]:
            made.ended(item, DEAD, now)
        assert not made.probing
        made.ended(items[FAILURES_TO_PROBE - 1], OK, now)
        items = items[FAILURES_TO_PROBE:]
    for item in items[:FAILURES_TO_PROBE]:
        assert not made.probing
        made.ended(item, DEAD, now)
    assert made.probing
