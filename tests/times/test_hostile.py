"""Whatever is thrown at it, an answer or an error comes soon."""

import gc
import json
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import (
    RecurrenceError,
    Timing,
    canonical_spec,
    compile_timing,
    explain_next,
    grammar_names,
)
from horarium.times.batch import answer_line
from horarium.times.grammar import parse_spec

# Ten milliseconds is the promise; a machine with other work on it gets more.
SOON = 0.1
LAST = 253_402_300_799
MOMENTS = (-(10**18), -62_135_596_800, 0, 1_772_928_000, 4_102_444_800, LAST - 5, LAST, 10**18)


def answers_soon(timing: Timing) -> None:
    gc.disable()  # a collection looks at everything that the process holds, and is not this text's fault
    begun = time.thread_time()
    try:
        recurrence = compile_timing(timing)
        for at in MOMENTS:
            recurrence.next_after(at)
            recurrence.last_in(at - 10**8, at)
        recurrence.describe()
    except RecurrenceError as error:
        tells_what_is_wrong(error)
    finally:
        spent = time.thread_time() - begun
        gc.enable()
    assert spent < SOON, (spent, timing)


def tells_what_is_wrong(error: RecurrenceError) -> None:
    assert error.problems
    assert all(problem.message and len(problem.text) < 100 for problem in error.problems)


HOSTILE = [
    "*/1,*/2,*/3,*/4,*/5,*/6,*/7 " * 5,
    ",".join(["*"] * 300) + " * * * *",
    "0-59/1," * 100 + "0 * * * *",
    "0 0 29 2 1",
    "0 0 29 2 */7",
    "59 23 31 12 *",
    "9" * 900 + " * * * *",
    "*/" + "9" * 900 + " * * * *",
    "* " * 500,
    " " * 1024,
    "\x00" * 100,
    "@every " + "9" * 500 + "h",
    "@every " + "1h" * 300,
    "@every 9999999999h",
    "@every 1s",
    "cron(" * 200,
    "cron(" + "(" * 500 + ")",
    "cron(0 0 29 2 ? 2100)",
    "cron(0 0 31 2 ? *)",
    "cron(0 0 ? 2 2#5 1970-2199)",
    "cron(* * * * ? 1970)",
    "rate(" + "9" * 500 + " minutes)",
    "rate(999999999999 days)",
    "at(9999-12-31T23:59:59)",
    "at(0001-01-01T00:00:00)",
    '{"every":1e308}',
    '{"every":' + "9" * 4000 + "}",
    '{"delay":' + "9" * 5000 + "}",
    '{"once":"9999-12-31T23:59:59.9-23:59"}',
    "{" * 60_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
    "[" * 60_000,
    '{"union":[' + ",".join(['"* * * * * *"'] * 32) + "]}",
    '{"union":[' + ",".join(f'"{n} * * * * *"' for n in range(32)) + "]}",
    '{"union":[' + ",".join(f'{{"every":{n + 2}}}' for n in range(32)) + "]}",
    '{"union":[' + ",".join('"0 0 29 2 1"' for _ in range(32)) + "]}",
]


@pytest.mark.parametrize("spec", HOSTILE)
@pytest.mark.parametrize("dialect", ["native", "autessa"])
def test_known_bad_ideas(spec: str, dialect: str) -> None:
    for zone in ("UTC", "America/New_York"):
        answers_soon(Timing(spec, dialect, zone, anchor=5))


def test_the_largest_structured_recurrence_that_is_accepted() -> None:
    ranges = [{"start": n % 60, "end": 59, "step": 1 + n % 7} for n in range(64)]
    row = {"second": ranges, "minute": ranges, "hour": [{"start": 0, "end": 23}], "comment": "x" * 200}
    rows = [{**row, "dayOfMonth": [{"start": 1 + n % 31}]} for n in range(9)]
    spec = canonical_spec({"calendars": rows})
    parse_spec.cache_clear()
    for zone in ("UTC", "Europe/Berlin"):
        answers_soon(Timing(spec, "cadenya", zone))


# A day on which the clock of Berlin jumps over 02:30: a calendar of these local times never fires there, in no year.
IN_THE_GAP = {
    "dayOfMonth": [{"start": 25, "end": 31}],
    "month": [3],
    "dayOfWeek": [0],
    "hour": [2],
    "minute": [30],
}


@pytest.mark.parametrize("years", [{}, {"year": [{"start": 2026, "end": 9998}]}, {"year": [{"start": 9990}]}])
@pytest.mark.parametrize("parts", [1, 8])
def test_a_recurrence_that_lies_in_gaps_for_ever(years: dict[str, object], parts: int) -> None:
    rows = [{**IN_THE_GAP, **years, "second": [second]} for second in range(parts)]
    answers_soon(Timing(canonical_spec({"calendars": rows}), zone="Europe/Berlin"))


def test_years_that_are_listed_and_have_no_such_day() -> None:
    common = list(range(2001, 9999, 128))[:60]
    rows = [{"dayOfMonth": [29], "month": [2], "year": [*common, {"start": 2101 + n, "end": 9999, "step": 4}]}
            for n in range(0, 32, 4)]  # fmt: skip
    answers_soon(Timing(canonical_spec({"calendars": rows}), zone="Europe/Berlin"))


def test_very_many_ranges_of_years() -> None:
    years = [{"start": 1970 + n % 3, "end": 9999} for n in range(64)]
    rows = [{"minute": [minute], "year": years} for minute in range(17)]
    parse_spec.cache_clear()
    answers_soon(Timing(canonical_spec({"calendars": rows})))


def test_a_preview_of_many_occurrences_behind_very_many_local_times_that_do_not_fire() -> None:
    leap = {"dayOfMonth": [29], "month": [2], "dayOfWeek": [5]}
    rows = [leap, *({**IN_THE_GAP, "second": [second]} for second in range(31))]
    timing = Timing(canonical_spec({"calendars": rows}), zone="Europe/Berlin")
    compile_timing(timing).next_after(0)  # so that only the occurrences count
    begun = time.thread_time()
    found = explain_next(timing, 1_772_928_000, 20)
    assert time.thread_time() - begun < SOON
    assert sum(len(each.note) for each in found) < 100_000


LETTERS = "*/,-?LW#0123456789 @:{}[]\"' \tJANMONFRIcronrateateverydays()" + "\u0663\u00b2\x00é"


@settings(max_examples=400, deadline=None)
@given(st.text(LETTERS, max_size=60), st.sampled_from(sorted(grammar_names())))
def test_any_text(spec: str, dialect: str) -> None:
    answers_soon(Timing(spec, dialect, "Europe/Berlin"))
    json.loads(answer_line(json.dumps({"spec": spec, "dialect": dialect, "after": "2026-01-01T00:00:00Z"})))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_texts_that_are_almost_expressions(seed: int) -> None:
    random = Random(seed)
    pieces = ["*", "0", "59", "60", "1-5", "5-1", "*/0", "*/7", "1,2", "L", "LW", "15W", "2#1", "MON", "JAN",
              "?", "6L", "-1", "1-", "1/", "", "99999", "a", "20-2"]  # fmt: skip
    fields = [
        random.choice(pieces) + random.choice(("", "", "/2", ",3")) for _ in range(random.randint(3, 8))
    ]
    spec = " ".join(fields)
    for given_spec, dialect in ((spec, "native"), (spec, "m9m"), (f"cron({spec})", "autessa")):
        answers_soon(Timing(given_spec, dialect, "America/New_York"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "step", "every", "offset", "anchor", "hour", "minute", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NAMES = ["calendars", "intervals", "cron", "rate", "every", "at", "once", "delay", "union", "start"]


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), values, max_size=3),
    st.sampled_from(["native", "cadenya", "uranus"]),
)
def test_any_object(spec: dict[str, object], dialect: str) -> None:
    try:
        text = canonical_spec(spec)
    except RecurrenceError:
        return
    answers_soon(Timing(text, dialect, "Europe/Berlin"))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-(10**18), 10**18),
    st.integers(-(10**18), 10**18),
    st.sampled_from(["* * * * *", "0 0 29 2 *"]),
)
def test_any_instant(at: int, anchor: int, spec: str) -> None:
    for text in (spec, "@every 5m", '{"union":["0 9 * * *","@every 7s"]}', '{"intervals":[{"every":7}]}'):
        for zone in ("Europe/Berlin", "UTC"):
            recurrence = compile_timing(Timing(text, zone=zone, anchor=anchor))
            found = recurrence.next_after(at)
            assert found is None or at < found <= LAST
            last = recurrence.last_in(at - 10**6, at)
            assert last is None or at - 10**6 < last <= at
            explain_next(Timing(text, zone=zone, anchor=anchor), at, 2)
