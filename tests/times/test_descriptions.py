"""The description of a recurrence, read back, is exactly the sets that its masks hold."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import Timing, canonical_spec, compile_timing
from horarium.times.day_rules import ALL_DAYS, ALL_WEEKDAYS
from horarium.times.descriptions import AWS_YEARS, MONTHS, ORDINALS, WEEKDAYS
from horarium.times.grammar import parse_spec
from horarium.times.rules import CalendarRule
from tests.times.expressions import Case, aws_case, calendar_case, cron_case, six_field_case

MAKERS = (cron_case, six_field_case, aws_case, calendar_case)


def masks_of(text: str) -> dict[str, object]:
    """What a description says, as the fields of a rule (years left out mean None)."""
    text = text.rsplit(", ", 1)[0].removesuffix(", every day")
    text = text[0].lower() + text[1:]
    text, years = _cut(text, r", in (?=years? |every \d+\w\w year )")
    text, months = _cut(text, r", in ")
    text, days = _cut(text, r", on ")
    second, minute, hour = _times(text)
    return {
        "times": _product(second, minute, hour),
        "months": _set(months, MONTHS, 1) if months else set(range(1, 13)),
        "years": _set(years) if years else None,
        **_days(days),
    }


def _cut(text: str, pattern: str) -> tuple[str, str]:
    found = re.search(pattern, text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _product(second: set[int], minute: set[int], hour: set[int]) -> set[int]:
    return {h * 3600 + m * 60 + s for h in hour for m in minute for s in second}


def _times(text: str) -> tuple[set[int], set[int], set[int]]:
    clock = [[int(part) for part in item.split(":")] for item in re.findall(r"\d\d:\d\d(?::\d\d)?", text)]
    if text.startswith("at ") and clock:
        hours, minutes = {item[0] for item in clock}, {item[1] for item in clock}
        seconds = {item[2] if len(item) > 2 else 0 for item in clock}
        assert len(clock) == len(hours) * len(minutes) * len(seconds)
        return seconds, minutes, hours
    if clock:
        step = re.match(r"every (\d+) hours", text)
        return {0}, {clock[0][1]}, set(range(clock[0][0], clock[1][0] + 1, int(step[1]) if step else 1))
    units: dict[str, set[int]] = {}
    for part in text.removeprefix("at ").split(" of "):
        unit, size = next((u, n) for u, n in (("second", 60), ("minute", 60), ("hour", 24)) if u in part)
        step = re.fullmatch(r"every (\d+) \w+", part)
        whole = part == f"every {unit}"
        units[unit] = set(range(0, size, int(step[1]) if step else 1)) if step or whole else _set(part)
    everything = {"minute": set(range(60)), "hour": set(range(24))}
    return (
        units.get("second", {0}),
        units.get("minute", everything["minute"]),
        units.get("hour", everything["hour"]),
    )


def _set(text: str, names: list[str] | tuple[str, ...] = (), first: int = 0) -> set[int]:
    def number(name: str) -> int:
        return int(name) if name.isdigit() else list(names).index(name) + first

    step = re.fullmatch(r"every (\d+)\w\w \w+ from (\w+) to (\w+)", text)
    if step:
        return set(range(number(step[2]), number(step[3]) + 1, int(step[1])))
    found: set[int] = set()
    for item in re.split(r", | and ", re.sub(r"^(second|minute|hour|day|year|month)s? ", "", text)):
        start, _, end = item.partition(" to ")
        found.update(range(number(start), number(end or start) + 1))
    return found


def _days(text: str) -> dict[str, object]:
    either = " of the month or on " in text
    by_number, _, by_weekday = re.sub(" of the month (or on|if it is) ", "|", text).partition("|")
    if text and not by_weekday and not re.search(r"\bday|workday", text):
        by_number, by_weekday = "", text
    found: dict[str, object] = {"either": either, "last_day": False, "last_workday": False, "nearest": set()}
    found |= {"days": set(range(1, 32)), "weekdays": set(range(7)), "last_weekdays": set(), "nth": None}
    if by_number:
        found |= _numbers(by_number.removesuffix(" of the month"))
    if by_weekday:
        found |= _weekdays(by_weekday)
    return found


def _numbers(text: str) -> dict[str, object]:
    nearest = {int(day) for day in re.findall(r"the workday nearest day (\d+)", text)}
    rest = re.sub(r"the workday nearest day \d+|the last (workday|day)", "", text)
    rest = re.sub(r"(, | and )+$", "", re.sub(r"(, | and )(?=(, | and |$))", "", rest))
    return {
        "nearest": nearest,
        "last_workday": "the last workday" in text,
        "last_day": bool(re.search("the last day", text)),
        "days": _set(rest) if rest else set(),
    }


def _weekdays(text: str) -> dict[str, object]:
    nth = re.search(rf"the ({'|'.join(ORDINALS)}) (\w+) of the month", text)
    plain = [item for item in re.split(r", | and ", text) if "of the month" not in item]
    return {
        "last_weekdays": {WEEKDAYS.index(day) for day in re.findall(r"the last (\w+) of the month", text)},
        "nth": (WEEKDAYS.index(nth[2]), ORDINALS.index(nth[1]) + 1) if nth else None,
        "weekdays": _set(" and ".join(plain), WEEKDAYS) if plain else set(),
    }


def masks_held(rule: CalendarRule) -> dict[str, object]:
    def numbers(mask: int) -> set[int]:
        return {n for n in range(mask.bit_length()) if mask >> n & 1}

    days = rule.days
    return {
        "times": _product(numbers(rule.second), numbers(rule.minute), numbers(rule.hour)),
        "months": numbers(days.months),
        "years": None if rule.years in (None, AWS_YEARS) else numbers(rule.years or 0),
        "either": days.either,
        "days": numbers(days.days & ALL_DAYS),
        "weekdays": numbers(days.weekdays & ALL_WEEKDAYS),
        "last_day": days.last_day,
        "last_workday": days.last_workday,
        "nearest": set(days.nearest),
        "last_weekdays": numbers(days.last_weekdays),
        "nth": days.nth,
    }


cases = st.builds(lambda seed, maker: maker(Random(seed)), st.integers(0, 10**9), st.sampled_from(MAKERS))


@settings(max_examples=400, deadline=None)
@given(cases)
def test_a_description_names_exactly_the_sets_of_the_masks(case: Case) -> None:
    rule = parse_spec(case.spec, case.dialect)
    assert isinstance(rule, CalendarRule)
    text = compile_timing(case.timing("Europe/Berlin")).describe()
    assert text.endswith(", Europe/Berlin time")
    assert masks_of(text) == masks_held(rule), text


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("* * * * *", "Every minute"),
        ("*/15 9-17 * * 1-5", "Every 15 minutes of hours 9 to 17, on Monday to Friday"),
        ("0 9-17 * * *", "Every hour from 09:00 to 17:00, every day"),
        ("30 2 * * *", "At 02:30, every day"),
        ("0 0 */2 * 1", "At 00:00, on every 2nd day from 1 to 31 of the month if it is Monday"),
        ("0 0 1,15 * 5", "At 00:00, on days 1 and 15 of the month or on Friday"),
        ("0 */2 * * *", "Every 2 hours from 00:00 to 22:00, every day"),
        ("5,10,15 * * 1-3,7 *", "At minutes 5, 10 and 15 of every hour, in January to March and July"),
        ("*/10 * * * * *", "Every 10 seconds"),
        ("30 0 12 * * *", "At 12:00:30, every day"),
        ("cron(0 9 LW * ? 2024-2026)", "At 09:00, on the last workday of the month, in years 2024 to 2026"),
        ("cron(0 9 ? * FRIL *)", "At 09:00, on the last Friday of the month"),
        ("cron(0 9 ? * 2#1 *)", "At 09:00, on the first Monday of the month"),
    ],
)
def test_it_reads_like_english(spec: str, words: str) -> None:
    assert compile_timing(Timing(spec)).describe() == f"{words}, UTC time"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("rate(90 minutes)", "Every 1 hour 30 minutes of elapsed time, counted from 1970-01-01T00:00:00Z"),
        ('{"delay":86400}', "Once, 1 day after 1970-01-01T00:00:00Z"),
        ('{"once":"2026-01-01T09:00:00.5Z"}', "Once, at 2026-01-01T09:00:01Z"),
        ("at(2026-01-01T09:00:00)", "Once, at 2026-01-01T09:00:00, UTC time"),
        (
            '{"intervals":[{"every":600,"offset":60}]}',
            "Every 10 minutes of elapsed time, in step with 1970-01-01T00:01:00Z",
        ),
        (
            '{"union":["0 9 * * *","@hourly"]}',
            "At 09:00, every day, UTC time; and at minute 0 of every hour, UTC time",
        ),
    ],
)
def test_the_other_kinds_have_words_too(spec: str, words: str) -> None:
    assert compile_timing(Timing(spec)).describe() == words


def test_wall_clock_intervals_say_so() -> None:
    timing = Timing('{"intervals":[{"every":"3600s","offset":"61s"}]}', "cadenya", "Asia/Kolkata")
    assert compile_timing(timing).describe() == (
        "Every 1 hour by the wall clock from midnight of 1970-01-01, offset 1 minute 1 second, "
        "Asia/Kolkata time"
    )


def test_of_very_many_years_only_their_number_is_told() -> None:
    years = [{"start": 1970, "end": 9999, "step": 3}, {"start": 1971, "end": 9999, "step": 7}]
    spec = canonical_spec({"calendars": [{"hour": [9], "year": years}]})
    assert compile_timing(Timing(spec)).describe() == "At 09:00, in 3442 years from 1970 to 9998, UTC time"
