"""`horarium next`: the next times, alone and in a batch."""

import json

import pytest

from tests.cli.running import horarium


def test_the_words_come_first_then_the_times_with_what_clocks_do():
    found = horarium(
        "next", "30 2 * * *", "--timezone", "America/New_York", "--after", "2026-03-07T12:00:00Z", "-n", "2"
    )
    words, first, second = found.stdout.splitlines()
    assert "02:30" in words
    assert "2026-03-08T07:00:00Z" in first
    assert "2026-03-08T03:00:00-04:00" in first
    assert "jump" in first
    assert "2026-03-09T06:30:00Z" in second


@pytest.mark.parametrize(
    ("spec", "dialect", "expected"),
    [
        ("0 0 9 ? * 2-6 *", "autessa", None),
        ("cron(0 9 ? * MON-FRI *)", "autessa", "2026-03-09T09:00:00Z"),
        ('{"calendars": [{"hour": [{"start": 9}]}]}', "cadenya", "2026-03-08T09:00:00Z"),
        ('{"once": "2026-04-01T00:00:00Z"}', "native", "2026-04-01T00:00:00Z"),
        ("@daily", "m9m", "2026-03-09T00:00:00Z"),
    ],
)
def test_each_dialect_reads_its_own_grammar(spec, dialect, expected):
    found = horarium("next", spec, "--after", "2026-03-08T00:00:00Z", "--dialect", dialect, "--json")
    if expected is None:
        assert found.returncode == 2
        assert found.stderr.startswith("horarium: ")
    else:
        assert json.loads(found.stdout)["times"][0] == expected


def test_a_batch_answers_line_by_line_in_order():
    questions = [
        {"spec": "0 9 * * *", "timezone": "America/New_York", "after": "2026-03-08T00:00:00Z", "count": 1},
        {"spec": "nonsense", "after": "2026-03-08T00:00:00Z"},
        {"spec": {"once": "2026-04-01T00:00:00Z"}, "after": "2026-03-08T00:00:00Z", "count": 9},
    ]
    found = horarium("next", "--batch", stdin="".join(json.dumps(one) + "\n" for one in questions * 300))
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert answers[:3] == answers[-3:]
    assert answers[0] == {"times": ["2026-03-08T13:00:00Z"]}
    assert set(answers[1]) == {"error"}
    assert answers[2] == {"times": ["2026-04-01T00:00:00Z"]}
    assert len(answers) == 900


@pytest.mark.parametrize(
    "arguments",
    [
        ["61 * * * *"],
        ["0 9 * * *", "--timezone", "Mars"],
        ["0 9 * * *", "--after", "noon"],
        ["0 9 * * *", "--after", "9999-12-31T23:59:59-05:00"],
        ["{broken"],
        [],
        ["@daily", "-n", "0"],
    ],
)
def test_what_is_wrong_is_one_sentence_and_code_2(arguments):
    found = horarium("next", *arguments)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith("horarium: ")
    assert "Traceback" not in found.stderr


def test_what_never_fires_again_is_code_1():
    found = horarium("next", '{"once": "2020-01-01T00:00:00Z"}')
    assert (found.returncode, found.stdout) == (1, "")


def test_the_version_tells_the_zone_data():
    assert "tzdata 20" in horarium("--version").stdout
