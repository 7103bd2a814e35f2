"""Schedules that are in no store."""

from horarium.domain.ids import random_id
from horarium.domain.schedule import Schedule
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.times import Timing


def schedule_with(spec: str, now_ms: int = 1_795_348_800_000) -> Schedule:
    """An active schedule with a rhythm in UTC."""
    timing = Timing(spec, anchor=now_ms // 1000)
    return schedule_of(ScheduleDraft(random_id(0), random_id(0), "s", timing, random_id(0)), now_ms)
