"""Of one webhook: order within a schedule, repetition, probing of a dead receiver, and what the store is told."""

from dataclasses import replace

from horarium.domain.events import Event, EventFilter
from horarium.domain.webhooks import DISABLE_MS, GIVE_UP_MS, LONGEST_WAIT_MS, Answer, Webhook, WebhookState
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
    made.ended(sent(made)[0], DEAD, NOW)
    made.add([event(3)], NOW)
    told = made.unsaid()
    assert told.position == 3
    assert [(row.number, row.state, row.attempts) for row in told.rows] == [
        (1, "waiting", 1),
        (2, "waiting", 0),
        (3, "waiting", 0),
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
