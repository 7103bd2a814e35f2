"""Every worked example of the page about time is what happens."""

import re
from pathlib import Path

import pytest

from horarium.times import TZDATA_VERSION, RecurrenceError, Timing, compile_timing, local_text
from horarium.times.batch import answer_line
from horarium.times.instants import Rounding, seconds_of
from horarium.times.rules import AWS, CRON, STRUCTURED
from horarium.times.timing import EVERY_HOUR_POLICIES, GAP_POLICIES, OVERLAP_POLICIES

PAGE = (Path(__file__).parents[2] / "docs" / "time.md").read_text()
ROWS = re.findall(r"^\| (\w+) \| `(.+)` \| (\S+) \| (\S.*?) \| (\S+) \| (\S.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("dialect", "spec", "zone", "policies", "after", "fires"), ROWS)
def test_an_example_happens(
    dialect: str, spec: str, zone: str, policies: str, after: str, fires: str
) -> None:
    chosen = dict(pair.split("=") for pair in policies.split(", ")) if policies != "default" else {}
    recurrence = compile_timing(Timing(spec, dialect, zone, **chosen))  # type: ignore[arg-type]
    at: int | None = seconds_of(after, Rounding.DOWN)
    for expected in fires.split(", "):
        assert at is not None
        at = recurrence.next_after(at)
        assert at is not None
        assert local_text(zone, at) == expected


def test_the_question_of_a_batch_has_the_answer_beside_it() -> None:
    ((question, answer),) = re.findall(r"^    (\{\"spec\".*\})\n    (\{\"times\".*\})$", PAGE, re.MULTILINE)
    assert answer_line(question) == answer


def test_there_are_examples_of_everything() -> None:
    assert len(ROWS) > 30
    assert {row[0] for row in ROWS} == {"native", "autessa", "cadenya"}


def test_the_page_names_every_policy_and_default() -> None:
    rows = dict(re.findall(r"^\| `(dst_\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    for field, values, defaults in (
        ("dst_gap", GAP_POLICIES, [d.gap for d in (CRON, AWS, STRUCTURED)]),
        ("dst_overlap", OVERLAP_POLICIES, [d.overlap for d in (CRON, AWS, STRUCTURED)]),
        ("dst_every_hour", EVERY_HOUR_POLICIES, [d.every_hour for d in (CRON, AWS, STRUCTURED)]),
    ):
        named, *by_grammar = rows[field].split(" | ")
        assert re.findall(r"\w+", named) == list(values)
        assert [cell.strip("`") for cell in by_grammar] == defaults


def test_the_forms_of_the_first_table_are_accepted_where_it_says() -> None:
    table = PAGE.split("## Recurrences")[1].split("The **anchor**")[0]
    for forms, dialects in re.findall(r"^\| (`.*`) \| ([\w, ]+) \|", table, re.MULTILINE):
        for form in re.findall(r"`([^`]+)`", forms):
            for dialect in dialects.split(", "):
                if "..." not in form:
                    compile_timing(Timing(form, dialect))


def test_the_zone_data_is_of_the_form_that_the_page_shows() -> None:
    assert re.fullmatch(r"\d{4}[a-z]", TZDATA_VERSION)


def test_an_unknown_zone_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecurrenceError, match="did you mean Europe/Berlin"):
        compile_timing(Timing("* * * * *", zone="Europe/Berlim"))
