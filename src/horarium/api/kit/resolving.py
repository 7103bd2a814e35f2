"""What a body names becomes what it stands for: timings, targets, and the dialect's own schedules.

What is wrong is noted under the names that the dialect's fields have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from horarium.api.fields import Problems
from horarium.domain.errors import HorariumError, NotFound
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.schedules import anchor_at, recurrence_problems
from horarium.service.services import Services
from horarium.times import RecurrenceError, Timing, compile_timing


@dataclass(frozen=True, slots=True)
class TimingNames:
    """How a dialect's bodies name the parts of a timing.

    `recurrence` is the field of the expression or object; the parts of that are named below it ("cron.minute"),
    unless `parts` is false. The other three are the fields beside it.
    """

    recurrence: str
    timezone: str = "timezone"
    start: str = "start_at"
    end: str = "end_at"
    parts: bool = True

    def place(self, field: str) -> str:
        """The dialect's name of a field that the core found a problem in."""
        if field in ("timezone", "start", "end"):
            return str(getattr(self, field))
        return field if self.parts else self.recurrence


def resolve_timing(
    wanted: Timing, before: Timing | None, now_ms: int, names: TimingNames, problems: Problems
) -> Timing:
    """The timing that a body asks for, with the instant from which elapsed time counts.

    That is now (the next whole second) for a recurrence that is new, and what it was for one that stays the same as
    in `before`. What is wrong with the timing is noted in `problems`.
    """
    try:
        same = before is not None and before.spec == wanted.spec
        anchor = before.anchor if before and same else anchor_at(wanted.spec, wanted.dialect, now_ms)
    except RecurrenceError:
        anchor = 0  # the compilation below tells everything that is wrong
    timing = replace(wanted, anchor=anchor)
    try:
        compile_timing(timing)
    except RecurrenceError as error:
        found = recurrence_problems(error, names.recurrence)
        problems.extend(replace(problem, field=names.place(problem.field)) for problem in found)
    return timing


async def resolve_target(
    services: Services,
    who: Identity,
    reference: str | int | None,
    kinds: Collection[str],
    field: str,
    missing: str,
    problems: Problems,
) -> Target | None:
    """The target of one of `kinds` that a body names by id, key or number; None where it names none.

    Where there is no such target, the message `missing` is noted in `problems` under `field`. Raises Forbidden where
    the caller holds no grant on the target.
    """
    if reference is None:
        return None
    try:
        target = await services.targets.resolve(who.workspace_id, reference, kinds)
    except NotFound:
        problems.wrong(field, missing, "unknown")
        return None
    who.require_target(target.id, target.name)
    return target


def own(
    schedule: Schedule, dialect: str, owner_id: Id | None = None, missing: HorariumError | None = None
) -> Schedule:
    """The schedule, if it was made in the dialect and, where `owner_id` is given, belongs to that owner.

    Otherwise it does not exist here: raises `missing`, or NotFound.
    """
    if schedule.dialect != dialect or owner_id not in (None, schedule.owner_id):
        raise missing or NotFound("schedule")
    return schedule
