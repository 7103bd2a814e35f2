"""Which dialect accepts what, and the native objects."""

import time
from typing import Any

import pytest

from horarium.times import (
    ExpressionProblem,
    RecurrenceError,
    Timing,
    canonical_spec,
    compile_timing,
    jitter_ms,
    wants_anchor,
)

CRON, SIX, MACRO, EVERY, AWS, RATE, AT = (
    "0 9 * * *",
    "0 0 9 * * *",
    "@daily",
    "@every 1h30m",
    "cron(0 9 * * ? *)",
    "rate(5 minutes)",
    "at(2030-01-01T09:00:00)",
)
ONCE, DELAY = '{"once":"2030-01-01T09:00:00Z"}', '{"delay":60}'
CALENDARS = '{"calendars":[{"hour":[{"start":9}]}]}'
UNION = '{"union":["0 9 * * *",{"rate":"5 minutes"}]}'
EVERYTHING = (CRON, SIX, MACRO, EVERY, AWS, RATE, AT, ONCE, DELAY, CALENDARS, UNION)
ACCEPTED = {
    "native": EVERYTHING,
    "trustpager": (CRON,),
    "autessa": (AWS, RATE, AT),
    "m9m": (CRON, MACRO, EVERY),
    "uranus": (CRON, ONCE, DELAY),
    "cadenya": (CALENDARS,),
}


@pytest.mark.parametrize("dialect", ACCEPTED)
@pytest.mark.parametrize("spec", EVERYTHING)
def test_each_dialect_accepts_its_own_grammar_and_no_other(dialect: str, spec: str) -> None:
    if spec in ACCEPTED[dialect]:
        assert compile_timing(Timing(spec, dialect)).next_after(0) is not None
    else:
        assert problems(spec, dialect)


def problems(spec: str, dialect: str = "native", **options: Any) -> tuple[ExpressionProblem, ...]:
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing(spec, dialect, **options))
    return caught.value.problems


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"cron": "0 9 * * *"}, 32_400),
        ({"cron": "30 0 9 * * *"}, 32_430),
        ({"cron": "cron(0 9 * * ? *)"}, 32_400),
        ({"rate": "5 minutes"}, 300),
        ({"rate": "10 seconds"}, 10),
        ({"rate": "1 week"}, 604_800),
        ({"every": "1h30m"}, 5400),
        ({"every": 90}, 90),
        ({"every": "1.5h"}, 5400),
        ({"at": "1970-01-02T00:00:00"}, 86_400),
        ({"once": "1970-01-01T01:00:00+00:30"}, 1800),
        ({"once": "1970-01-01T00:00:00.25Z"}, 1),
        ({"delay": 60}, 60),
        ({"delay": 0.5}, 1),
        ({"delay": "1m30.001s"}, 91),
        ({"union": ["0 9 * * *", {"delay": 60}, {"intervals": [{"every": 50}]}]}, 50),
        ({"union": [{"cron": "5 0 * * *"}]}, 300),
    ],
)
def test_native_objects(spec: dict[str, Any], expected: int) -> None:
    assert compile_timing(Timing(canonical_spec(spec))).next_after(0) == expected


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"cron": "61 9 * * *"}, "cron.minute"),
        ({"cron": 5}, "cron"),
        ({"cron": ""}, "cron"),
        ({"cron": "0 9 * * *", "rate": "5 minutes"}, ""),
        ({"weekly": 5}, "weekly"),
        ({"rate": 5}, "rate"),
        ({"every": None}, "every"),
        ({"every": "soon"}, "every"),
        ({"every": -5}, "every"),
        ({"every": 1e300}, "every"),
        ({"every": 1.5}, "every"),
        ({"at": "2026-01-01T09:00:00Z"}, "at"),
        ({"at": 7}, "at"),
        ({"once": "2026-01-01T09:00:00"}, "once"),
        ({"once": "2026-13-01T09:00:00Z"}, "once"),
        ({"once": "0001-01-01T00:00:00+10:00"}, "once"),
        ({"once": 7}, "once"),
        ({"delay": 0}, "delay"),
        ({"delay": "0s"}, "delay"),
        ({"delay": True}, "delay"),
        ({"union": []}, "union"),
        ({"union": "x"}, "union"),
        ({"union": [{"union": ["0 9 * * *"]}]}, "union[0].union"),
        ({"union": ["0 9 * * *", "61 * * * *"]}, "union[1].minute"),
        ({"union": [5]}, "union[0]"),
        ({"union": ["0 9 * * *"] * 33}, "union"),
        ({"union": [{"calendars": [{}] * 20}, {"calendars": [{}] * 20}]}, "union"),
        ({"calendars": [{}], "cron": "0 9 * * *"}, "cron"),
    ],
)
def test_a_bad_native_object_is_told_by_its_path(spec: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in problems(canonical_spec(spec))] == [field]


@pytest.mark.parametrize("spec", ["{", "{}", '{"a":', "[1]", '{"calendars":[[[[', "{" * 60_000, "x" * 5000])
def test_what_is_no_recurrence_at_all_is_refused(spec: str) -> None:
    assert problems(spec)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ('{"delay":1.5}', "delay"),
        ('{"delay":"1h"}', "delay"),
        ('{"delay":60,"once":"x"}', ""),
        ('{"cron":"x"}', ""),
    ],
)
def test_uranus_takes_whole_delays(spec: str, field: str) -> None:
    assert [problem.field for problem in problems(spec, "uranus")] == [field]


def test_an_unknown_dialect_zone_or_policy_is_told_together_with_the_rest() -> None:
    assert [p.field for p in problems("61 * * * *", zone="Nowhere", dst_gap="x", dst_overlap="y")] == [
        "minute",
        "timezone",
        "dst_gap",
        "dst_overlap",
    ]
    assert problems("0 9 * * *", "latin")[0].field == "dialect"
    assert problems("0 9 * * *", dst_every_hour="x")[0].field == "dst_every_hour"
    assert problems("0 9 * * *", start=5, end=4)[0].field == "end"


def test_one_mapping_has_one_text() -> None:
    assert canonical_spec({"b": 1, "a": [2, {"d": 3, "c": 4}]}) == '{"a":[2,{"c":4,"d":3}],"b":1}'
    assert canonical_spec("0 9 * * *") == "0 9 * * *"
    with pytest.raises(RecurrenceError):
        canonical_spec({"every": float("nan")})


@pytest.mark.parametrize("spec", EVERYTHING)
def test_only_rates_and_delays_want_an_anchor(spec: str) -> None:
    assert wants_anchor(spec) == (spec in (EVERY, RATE, DELAY, UNION))


def test_timings_that_mean_the_same_share_one_object() -> None:
    plain = compile_timing(Timing("0 9 * * *"))
    assert compile_timing(Timing("0 9 * * *", anchor=77)) is plain
    bounded = compile_timing(Timing("0 9 * * *", start=5))
    assert bounded is not plain
    assert vars(bounded)["inner"] is plain
    assert compile_timing(Timing("rate(5 minutes)", anchor=77)) is not compile_timing(
        Timing("rate(5 minutes)")
    )


@pytest.mark.parametrize(
    ("spec", "one_shot"), [(AT, True), (ONCE, True), (DELAY, True), (CRON, False), (UNION, False)]
)
def test_single_instants_say_so(spec: str, one_shot: bool) -> None:
    assert compile_timing(Timing(spec)).one_shot is one_shot
    assert compile_timing(Timing(spec, start=0)).one_shot is one_shot


@pytest.mark.parametrize(
    ("spec", "fires"),
    [("30 2 * * *", 7 * 3600), (AWS.replace("0 9", "30 2"), None), ('{"cron":"cron(30 2 * * ? *)"}', None)],
)
def test_a_native_spec_takes_the_policies_of_its_grammar(spec: str, fires: int | None) -> None:
    midnight = 1_772_928_000  # 2026-03-08T00:00Z
    found = compile_timing(Timing(spec, zone="America/New_York")).next_after(midnight)
    assert found is not None
    assert (found - midnight == fires) if fires else found > midnight + 86_400


def test_a_policy_that_is_given_holds_for_every_part_of_a_union() -> None:
    spec = canonical_spec({"union": ["30 2 * * *", AWS.replace("0 9", "45 2")]})
    day = 1_772_928_000
    moved = compile_timing(Timing(spec, zone="America/New_York"))
    skipped = compile_timing(Timing(spec, zone="America/New_York", dst_gap="skip"))
    shifted = compile_timing(Timing(spec, zone="America/New_York", dst_gap="shift"))
    assert [r.count_between(day, day + 86_400) for r in (moved, skipped, shifted)] == [1, 0, 2]


def test_jitter_is_stable_spread_and_within_its_window() -> None:
    values = [jitter_ms(f"schedule {n}".encode(), 60_000) for n in range(2000)]
    assert values == [jitter_ms(f"schedule {n}".encode(), 60_000) for n in range(2000)]
    assert 0 <= min(values) < 200
    assert 59_800 < max(values) < 60_000
    assert jitter_ms(b"any", 0) == jitter_ms(b"any", -5) == 0


@pytest.mark.parametrize("inner", [[1.7e308] * 190_000, [[]] * 190_000, {str(n): n for n in range(95_000)}])
def test_an_object_of_very_many_values_is_refused_without_being_written(inner):
    before = time.thread_time()
    spec = canonical_spec({"calendars": inner})
    with pytest.raises(RecurrenceError, match="too long"):
        compile_timing(Timing(spec))
    assert time.thread_time() - before < 0.1
