"""One line of JSON in, one line out."""

import json
import time

import pytest

from horarium.times.batch import answer_line


def ask(**question: object) -> dict[str, object]:
    answer = answer_line(json.dumps(question))
    assert "\n" not in answer
    found: dict[str, object] = json.loads(answer)
    return found


def test_times_are_utc_whole_seconds_strictly_after() -> None:
    answer = ask(spec="0 9 * * *", timezone="America/New_York", after="2026-03-07T14:00:00Z", count=2)
    assert answer == {"times": ["2026-03-08T13:00:00Z", "2026-03-09T13:00:00Z"]}


def test_five_times_in_utc_natively_unless_told_otherwise() -> None:
    answer = ask(spec="@daily", after="2026-03-08T00:00:00+01:00")
    assert answer["times"] == [f"2026-03-{day:02d}T00:00:00Z" for day in range(8, 13)]


def test_the_anchor_is_where_one_asks_from_unless_given() -> None:
    after = "2026-01-01T00:00:30Z"
    assert ask(spec="rate(5 minutes)", dialect="autessa", after=after, count=1) == {
        "times": ["2026-01-01T00:05:30Z"]
    }
    given = ask(spec="rate(5 minutes)", after=after, count=1, anchor="2026-01-01T00:00:00Z")
    assert given == {"times": ["2026-01-01T00:05:00Z"]}


def test_fewer_times_where_it_ends() -> None:
    assert ask(spec={"once": "2026-01-01T00:00:00Z"}, after="2025-01-01T00:00:00Z") == {
        "times": ["2026-01-01T00:00:00Z"]
    }
    assert ask(spec="cron(0 0 1 1 ? 2020)", dialect="autessa", after="2025-01-01T00:00:00Z") == {"times": []}
    bounds = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    assert ask(spec="@daily", after="2025-01-01T00:00:00Z", **bounds) == {"times": ["2026-01-02T00:00:00Z"]}
    assert ask(spec="@daily", after="9999-12-30T00:00:00Z") == {"times": ["9999-12-31T00:00:00Z"]}


def test_a_fraction_of_a_start_is_rounded_up_and_one_of_an_end_down() -> None:
    question = {"spec": "@daily", "after": "2025-01-01T00:00:00Z", "count": 1}
    assert ask(**question, start="2026-01-02T00:00:00.001Z") == {"times": ["2026-01-03T00:00:00Z"]}
    assert ask(**question, start="2026-01-02T00:00:00Z") == {"times": ["2026-01-02T00:00:00Z"]}
    ends = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T00:00:00.999Z"}
    assert ask(**question | {"count": 5}, **ends) == {"times": ["2026-01-02T00:00:00Z"]}


def test_policies_may_be_given() -> None:
    question = {
        "spec": "30 2 * * *",
        "timezone": "America/New_York",
        "after": "2026-03-08T00:00:00Z",
        "count": 1,
    }
    assert ask(**question) == {"times": ["2026-03-08T07:00:00Z"]}
    assert ask(**question, dst_gap="shift") == {"times": ["2026-03-08T07:30:00Z"]}
    assert ask(**question, dst_gap="skip") == {"times": ["2026-03-09T06:30:00Z"]}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"spec": "' + "x" * 300_000,
        "{}",
        '{"spec": "* * * * *"}',
        '{"spec": "* * * * *", "after": 5}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00"}',
        '{"spec": "* * * * *", "after": "2026-02-30T00:00:00Z"}',
        '{"spec": "* * * * *", "after": "2026-01-01T24:00:00Z"}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00+99:00"}',
        '{"spec": 5, "after": "2026-01-01T00:00:00Z"}',
        '{"spec": null, "after": "2026-01-01T00:00:00Z"}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "count": 0}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "count": 1001}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "count": true}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "count": "5"}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "timezone": "Mars/Base"}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "timezone": 5}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "dialect": "x"}',
        '{"spec": "* * * * *", "after": "2026-01-01T00:00:00Z", "dst_gap": "x"}',
        '{"spec": {"every": NaN}, "after": "2026-01-01T00:00:00Z"}',
    ],
)
def test_a_bad_line_gets_an_error_and_nothing_else(line: str) -> None:
    assert list(json.loads(answer_line(line))) == ["error"]


def test_a_thousand_lines_take_well_under_a_second() -> None:
    zones = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
    lines = [
        json.dumps(
            {"spec": f"{n % 60} {n % 24} * * *", "timezone": zones[n % 5], "after": "2026-03-08T00:00:00Z"}
        )
        for n in range(1000)
    ]
    begun = time.thread_time()
    answers = [answer_line(line) for line in lines]
    # About 0.05 s where nothing else runs.
    assert time.thread_time() - begun < 0.8
    assert all(len(json.loads(answer)["times"]) == 5 for answer in answers)
