"""The rules of a schedule: the calendars and intervals of its timing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from horarium.api.kit import Json
from horarium.times import Timing

_RANGES = ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek")


def rules_of(timing: Timing) -> Json:
    """Calendars and intervals of a timing."""
    rules: Json = json.loads(timing.spec)
    return rules


def tidied(rules: Mapping[str, Any]) -> Json:
    """Rules that were checked, without what this API does not know, and with numbers as numbers (7, not 7.0 or "7")."""
    found: Json = {}
    if rules.get("calendars"):
        found["calendars"] = [_calendar(calendar) for calendar in rules["calendars"]]
    if rules.get("intervals"):
        found["intervals"] = [_known(interval, ("every", "offset")) for interval in rules["intervals"]]
    return found


def _calendar(given: Mapping[str, Any]) -> Json:
    calendar = _known(given, ("comment", *_RANGES))
    for name in _RANGES:
        if name in calendar:
            ranges = [_known(range_, ("start", "end", "step")) for range_ in calendar[name]]
            calendar[name] = [{key: int(value) for key, value in range_.items()} for range_ in ranges]
    return calendar


def _known(given: Mapping[str, Any], names: Sequence[str]) -> Json:
    return {name: given[name] for name in names if given.get(name) is not None}
