"""Pauses in a plan: what becomes of the slots of a time in which nothing fires."""

from dataclasses import replace

import pytest

from horarium.domain.fire import SpanReason
from horarium.domain.overlap import Decision, Overlap
from horarium.domain.pauses import Closure, Pause, closure_of, held_since, in_turn, said, with_own
from horarium.domain.plan import Firing, Passed, passed_in, plan
from horarium.domain.run import Missed
from horarium.domain.schedule import AfterPause, CatchUp, Policies
from horarium.times import Timing, compile_timing

HOURLY = compile_timing(Timing("0 * * * *"))
ONCE = compile_timing(Timing('{"once":"2026-03-01T12:00:00Z"}'))
NOON = 1_772_366_400_000  # 2026-03-01T12:00:00Z
MINUTE, HOUR = 60_000, 3_600_000
MS = 1 / HOUR
ALLOW = Policies(overlap=Overlap.ALLOW)
PAUSED, MISSED, CANCELLED = SpanReason.WORKSPACE_PAUSED, SpanReason.MISSED, SpanReason.CANCELLED


def closed(begin, end, catch_up=CatchUp.NONE):
    """A pause between two hours of the day."""
    ends_ms = None if end is None else NOON + round(end * HOUR)
    return Closure(NOON + round(begin * HOUR), ends_ms, catch_up, PAUSED)


@pytest.mark.parametrize(
    ("closures", "since"),
    [
        ([], None),
        ([closed(1, 2)], None),
        ([closed(4, 5)], None),
        ([closed(1, 3)], None),
        ([closed(1, 3 + MS)], 1),
        ([closed(3, None)], 3),
        ([closed(0, 1), closed(1, 2), closed(2, None)], 0),
        ([closed(0, 1), closed(1 + MS, None)], 1 + MS),
        ([closed(2, 4), closed(1, 2), closed(4, 5)], 1),
    ],
)
def test_what_holds_at_an_instant_has_done_so_since_the_first_of_the_pauses_that_follow_one_another(
    closures, since
):
    assert held_since(closures, NOON + 3 * HOUR) == (None if since is None else NOON + round(since * HOUR))


def asked(now, *closures, policies=ALLOW, recurrence=HOURLY, since=0.0):
    """The plan from `since` to `now`, both in hours."""
    accounted_to, upto = NOON + round(since * HOUR), NOON + round(now * HOUR)
    return plan(recurrence, policies, accounted_to, 0, 0, 0, upto, True, closures)


def fired(hour, missed=None):
    return Firing(NOON + hour * HOUR, Decision.START, missed)


def passed(first, last, reason=PAUSED):
    return Passed(NOON + first * HOUR, NOON + last * HOUR, last - first + 1, reason)


def test_nothing_is_decided_of_a_slot_while_its_pause_goes_on():
    found = asked(3.5, closed(0.5, None))
    assert (found.entries, found.accounted_to, found.next_slot) == ((), NOON, NOON + HOUR)
    assert found.paused


def test_of_a_schedule_with_jitter_a_pause_holds_what_is_due_in_it_and_not_what_is_named_in_it():
    delay = 10 * MINUTE
    pause = closed(1 + 5 / 60, 2 + 5 / 60).earlier(delay)  # the slot at 1 is due at 1:10, that at 2 at 2:10
    found = plan(HOURLY, ALLOW, NOON, 0, 0, 0, NOON + 2 * HOUR + 15 * MINUTE - delay, True, (pause,))
    assert found.entries == (passed(1, 1), fired(2))
    assert closed(1, None).earlier(delay) == replace(closed(1, None), from_ms=NOON + HOUR - delay)


def test_what_was_due_before_a_pause_fires():
    found = asked(1.001, closed(1.001, None))
    assert (found.entries, found.paused) == ((fired(1),), True)


def test_a_slot_at_the_beginning_of_a_pause_is_in_it_and_one_at_its_end_is_not():
    assert asked(1, closed(1, None)).paused
    assert asked(2, closed(1, 2)).entries == (passed(1, 1), fired(2))


@pytest.mark.parametrize(
    ("catch_up", "entries"),
    [
        (CatchUp.NONE, (passed(1, 3),)),
        (CatchUp.LATEST, (passed(1, 2), fired(3, Missed(2, NOON + HOUR, NOON + 2 * HOUR)))),
        (CatchUp.ALL, (fired(1), fired(2), fired(3))),
    ],
)
def test_what_becomes_of_the_slots_of_a_pause_is_what_was_chosen_whatever_the_policy_says(catch_up, entries):
    for policy in CatchUp:
        found = asked(3.5, closed(0.5, 3.5, catch_up), policies=replace(ALLOW, catch_up=policy))
        assert (found.entries, found.next_slot, found.paused) == (entries, NOON + 4 * HOUR, False)


def test_what_is_caught_up_after_a_pause_is_bounded_as_it_is_after_downtime():
    few = replace(ALLOW, catch_up_limit=2)
    assert asked(4.5, closed(0, 4.5, CatchUp.ALL), policies=few).entries == (passed(1, 2), fired(3), fired(4))
    short = replace(ALLOW, catch_up_window_ms=10 * MINUTE)
    for catch_up in (CatchUp.LATEST, CatchUp.ALL):
        assert asked(2.5, closed(0, 2.5, catch_up), policies=short).entries == (passed(1, 2),)


def test_slots_before_and_after_a_pause_are_treated_as_without_it():
    each = replace(ALLOW, catch_up=CatchUp.ALL)
    assert asked(4.001, closed(1.5, 3.5), policies=each).entries == (fired(1), passed(2, 3), fired(4))
    assert asked(4.001, closed(1.5, 3.5)).entries == (passed(1, 1, MISSED), passed(2, 3), fired(4))


def test_downtime_around_a_pause_is_downtime_and_the_pause_is_a_pause():
    never = replace(ALLOW, catch_up=CatchUp.NONE)
    found = asked(6.5, closed(2.5, 4.5), policies=never)
    assert found.entries == (passed(1, 2, MISSED), passed(3, 4), passed(5, 6, MISSED))


WINDOWS = (closed(2.5, 3.5), closed(5.5, 6.5))


@pytest.mark.parametrize(
    ("policies", "entries"),
    [
        (ALLOW, (passed(1, 2, MISSED), passed(3, 3), passed(4, 5, MISSED), passed(6, 6), passed(7, 7, MISSED),
                 fired(8, Missed(1, NOON + 7 * HOUR, NOON + 7 * HOUR)))),
        (replace(ALLOW, catch_up=CatchUp.ALL, catch_up_limit=3),
         (passed(1, 2, MISSED), passed(3, 3), passed(4, 4, MISSED), fired(5), passed(6, 6), fired(7), fired(8))),
        (replace(ALLOW, catch_up=CatchUp.NONE),
         (passed(1, 2, MISSED), passed(3, 3), passed(4, 5, MISSED), passed(6, 6), passed(7, 8, MISSED))),
    ],
)  # fmt: skip
def test_a_downtime_that_pauses_divide_is_caught_up_as_one(policies, entries):
    assert asked(8.5, *WINDOWS, policies=policies).entries == entries


def test_the_latest_slot_of_a_divided_downtime_fires_alone_though_it_is_not_late():
    found = asked(7.0, *WINDOWS, policies=ALLOW)
    assert [entry.slot_ms for entry in found.entries if isinstance(entry, Firing)] == [NOON + 7 * HOUR]


def test_a_pause_that_begins_before_another_has_ended_lasts_until_both_are_over():
    both = in_turn([closed(2, 4, CatchUp.ALL), closed(1, 3)])
    assert both == (closed(1, 3), closed(3, 4, CatchUp.ALL))
    assert asked(3.5, *both).paused
    assert asked(4.5, *both).entries == (passed(1, 2), fired(3), fired(4))
    assert in_turn([closed(1, None), closed(2, 3)]) == (closed(1, None),)
    assert in_turn([closed(1, 4), closed(2, 3)]) == (closed(1, 4),)


def test_a_pause_that_is_planned_changes_nothing_before_it_begins():
    found = asked(1, closed(1.5, 2.5))
    assert (found.entries, found.next_slot, found.paused) == ((fired(1),), NOON + 2 * HOUR, False)


def test_a_one_time_schedule_whose_instant_lies_in_a_pause_does_what_was_chosen():
    skips, fires = replace(ALLOW, after_pause=AfterPause.SKIP), replace(ALLOW, after_pause=AfterPause.FIRE)
    none, latest = closed(-1, 1), closed(-1, 1, CatchUp.LATEST)
    for policies, closure, entries in (
        (skips, none, (passed(0, 0),)),
        (fires, none, (fired(0),)),
        (skips, latest, (fired(0),)),
    ):
        found = asked(1, closure, policies=policies, recurrence=ONCE, since=-2)
        assert (found.entries, found.ended) == (entries, "exhausted")


def test_slots_that_are_given_up_are_divided_between_pauses_and_what_lies_around_them():
    def given_up(upto, *closures):
        return passed_in(HOURLY, NOON, NOON + round(upto * HOUR), CANCELLED, closures)

    assert given_up(4, closed(1.5, 2.5)) == [passed(1, 1, CANCELLED), passed(2, 2), passed(3, 4, CANCELLED)]
    assert given_up(4, closed(2.5, None)) == [passed(1, 2, CANCELLED), passed(3, 4)]
    # At the very beginning of a pause a slot is in it, and at its end it is not.
    assert given_up(4, closed(2, 3)) == [passed(1, 1, CANCELLED), passed(2, 2), passed(3, 4, CANCELLED)]
    assert given_up(2, closed(5, None)) == [passed(1, 2, CANCELLED)]
    assert given_up(0.5) == []


def test_a_pause_holds_from_its_beginning_until_just_before_its_end():
    pause = Pause(b"p", b"w", None, 100, 200, CatchUp.NONE)
    for at, pause_holds, open_at in (
        (99, False, True),
        (100, True, True),
        (199, True, True),
        (200, False, False),
    ):
        assert pause.holds_at(at) is pause_holds
        assert closure_of(pause).holds_at(at) is pause_holds
        assert closure_of(pause).open_at(at) is open_at
    endless = replace(pause, ends_ms=None)
    for at, holds in ((99, False), (100, True), (10**15, True)):
        assert endless.holds_at(at) is holds
        assert closure_of(endless).holds_at(at) is holds
        assert closure_of(endless).open_at(at)


@pytest.mark.parametrize(
    ("schedule", "window", "reason"),
    [
        (None, None, SpanReason.WORKSPACE_PAUSED),
        (b"s", None, SpanReason.PAUSED),
        (None, b"w", SpanReason.MAINTENANCE),
        (b"s", b"w", SpanReason.MAINTENANCE),
    ],
)
def test_a_span_names_the_kind_of_pause_that_it_was_in(schedule, window, reason):
    pause = Pause(b"p", b"w", schedule, 100, 200, CatchUp.LATEST, window_id=window)
    assert closure_of(pause) == Closure(100, 200, CatchUp.LATEST, reason)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([closed(1, 2), closed(2, 3)], [closed(1, 2), closed(2, 3)]),  # one after the other
        ([closed(1, 3), closed(2, 3)], [closed(1, 3)]),  # they end at once
        ([closed(1, 3), closed(2, 4)], [closed(1, 3), closed(3, 4)]),
        ([closed(1, 2), closed(3, None)], [closed(1, 2), closed(3, None)]),
        ([closed(1, 3), closed(2, None)], [closed(1, 3), closed(3, None)]),
        ([closed(1, None), closed(1, 2), closed(0, 1)], [closed(0, 1), closed(1, None)]),
    ],
)
def test_pauses_that_overlap_are_put_one_after_another(given, found):
    assert in_turn(given) == tuple(found)


@pytest.mark.parametrize(
    ("given", "known", "clears", "then"),
    [("new", "old", (), "new"), ("new", "old", ("note",), "new"), (None, "old", (), "old"),
     (None, "old", ("note",), None), (None, "old", ("until",), "old"), (None, None, (), None)],
)  # fmt: skip
def test_a_part_of_a_pause_becomes_what_is_given_or_nothing_where_it_is_taken_away(
    given, known, clears, then
):
    assert said("note", given, known, clears) == then


@pytest.mark.parametrize("catch_up", CatchUp)
@pytest.mark.parametrize(("begin", "end", "held"), [(1 + MS, 2 + MS, 2), (1, 2, 1), (1 - MS, 2 - MS, 1)])
def test_a_pause_has_the_slots_from_its_very_beginning_until_just_before_its_end(catch_up, begin, end, held):
    never = replace(ALLOW, catch_up=CatchUp.NONE, grace_ms=2 * HOUR)
    found = asked(2 + MS, closed(begin, end, catch_up), policies=never)
    what = passed(held, held) if catch_up is CatchUp.NONE else fired(held)
    assert found.entries == ((fired(1), what) if held == 2 else (what, fired(2)))


@pytest.mark.parametrize(
    ("begin", "end", "spans"),
    [
        (-3, -1, [passed(1, 4, CANCELLED)]),  # over before
        (-3, 0, [passed(1, 4, CANCELLED)]),
        (-3, 1, [passed(1, 4, CANCELLED)]),  # its end takes no slot
        (-3, 2, [passed(1, 1), passed(2, 4, CANCELLED)]),
        (1, 2, [passed(1, 1), passed(2, 4, CANCELLED)]),
        (4, 9, [passed(1, 3, CANCELLED), passed(4, 4)]),
        (4.5, 9, [passed(1, 4, CANCELLED)]),
        (-3, 9, [passed(1, 4)]),
        (-3, None, [passed(1, 4)]),
        (1 + MS, 2 + MS, [passed(1, 1, CANCELLED), passed(2, 2), passed(3, 4, CANCELLED)]),
        (1 - MS, 2 - MS, [passed(1, 1), passed(2, 4, CANCELLED)]),
    ],
)
def test_of_slots_that_are_given_up_a_pause_has_those_that_lie_in_it(begin, end, spans):
    assert passed_in(HOURLY, NOON, NOON + 4 * HOUR, CANCELLED, [closed(begin, end)]) == spans


@pytest.mark.parametrize("catch_up", CatchUp)
@pytest.mark.parametrize("after_pause", AfterPause)
def test_a_pause_in_which_no_slot_lies_changes_nothing(catch_up, after_pause):
    policies = replace(ALLOW, after_pause=after_pause)
    found = asked(3, closed(1, 2, catch_up), policies=policies, recurrence=ONCE)
    assert (found.entries, found.ended, found.next_slot) == ((), "exhausted", None)
    found = asked(1.9, closed(1.25, 1.75, catch_up), policies=policies, since=1)
    assert (found.entries, found.ended, found.next_slot) == ((), None, NOON + 2 * HOUR)


@pytest.mark.parametrize(
    ("now", "pauses", "paused"),
    [
        (0.5, [closed(1, 2)], False),  # it has not begun
        (0.999, [closed(1, 2)], False),
        (1, [closed(1, 2)], True),
        (1.5, [closed(1, 2)], True),
        (1.5, [closed(1.25, 1.75)], False),  # no slot lies in it
        (1.5, [closed(1.25, None)], True),
        (1.5, [closed(1, 1.5)], False),  # over
        (0.75, [closed(0.5, 1)], False),  # the next slot lies behind its end
        (0.75, [closed(0.5, 1 + MS)], True),
        (1.5, [closed(1, 1.5), closed(1.5, 3)], True),  # another one follows it without a break
        (1.5, [closed(1, 1.5), closed(1.75, 3)], False),
    ],
)
def test_a_slot_is_not_decided_while_a_pause_that_it_lies_in_goes_on(now, pauses, paused):
    found = asked(now, *pauses)
    assert found.paused is paused
    assert found.next_slot is not None


DURING = replace(ALLOW, grace_ms=90 * MINUTE)  # what is an hour and a half old is merely late


@pytest.mark.parametrize(
    ("since", "now", "pauses", "policies", "entries"),
    [
        # A pause that was over before what is accounted for takes nothing back.
        (2, 3, [closed(0.25, 1.25)], ALLOW, (fired(3),)),
        (2, 3, [closed(0.25, 2)], ALLOW, (fired(3),)),
        (2, 3, [closed(0.25, 2 + MS)], ALLOW, (fired(3),)),
        # The last and the first slot before and in a pause, where one millisecond is open.
        (1 - MS, 1.25, [closed(0.5, 1 + MS)], ALLOW, (passed(1, 1),)),
        (1 - MS, 2.25, [closed(1 + MS, 2 + MS)], DURING, (fired(1), passed(2, 2))),
        # What is not late fires also where pauses divide it, and each by itself.
        (0, 8.5, WINDOWS, replace(ALLOW, grace_ms=10 * HOUR),
         (fired(1), fired(2), passed(3, 3), fired(4), fired(5), passed(6, 6), fired(7), fired(8))),
        # Slots of a pause are not late however old they are.
        (0, 6.5, [closed(0.5, 4.5), closed(5.25, 5.75)], DURING, (passed(1, 4), fired(5), fired(6))),
        (0, 6.5, [closed(0.5, 3.5), closed(5.25, 5.75)], DURING,
         (passed(1, 3), passed(4, 5, MISSED), fired(6))),
        # Pauses in a downtime keep what was chosen for them.
        (0, 8.5, [closed(2.5, 3.5, CatchUp.ALL), closed(5.5, 6.5, CatchUp.LATEST)], ALLOW,
         (passed(1, 2, MISSED), fired(3), passed(4, 5, MISSED), fired(6), passed(7, 7, MISSED),
          fired(8, Missed(1, NOON + 7 * HOUR, NOON + 7 * HOUR)))),
        # Without catch-up the limit of what is caught up does not matter.
        (0, 8.5, WINDOWS, replace(ALLOW, catch_up=CatchUp.NONE, catch_up_limit=1, grace_ms=100 * MINUTE),
         (passed(1, 2, MISSED), passed(3, 3), passed(4, 5, MISSED), passed(6, 6), fired(7), fired(8))),
        # A pause with an end that another one without an end follows is not over.
        (0, 2.5, [closed(0.5, 2), closed(2, None)], ALLOW, ()),
        (0, 2.5, [closed(1.5, 2), closed(2, None)], DURING, (fired(1),)),
    ],
)  # fmt: skip
def test_what_is_made_of_slots_around_pauses(since, now, pauses, policies, entries):
    assert asked(now, *pauses, policies=policies, since=since).entries == entries


@pytest.mark.parametrize("catch_up", [CatchUp.LATEST, CatchUp.ALL])
def test_a_one_time_schedule_fires_after_a_pause_that_catches_up_however_long_that_was(catch_up):
    months = 24 * 90
    found = asked(months, closed(-1, months, catch_up), recurrence=ONCE, since=-2)
    assert (found.entries, found.ended) == ((fired(0),), "exhausted")


def test_of_two_closures_that_begin_together_the_schedules_own_comes_first_and_the_other_goes_on_behind_it():
    own, other = closed(1, 2), closed(1, 3, CatchUp.LATEST)
    assert with_own([own], [other]) == (own, replace(other, from_ms=NOON + 2 * HOUR))
    assert with_own([other], [own]) == (other,)
