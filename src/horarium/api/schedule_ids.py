"""Which schedule a request to our own API means: named by its own id, by the id that it has in its dialect, or by the
key that its maker chose.

A path says which of them it has: `/schedules/{id}` or `/schedules/by-key/{key}`. Neither is ever tried as the other.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.kit.registry import Dialects
from horarium.api.routes.base import key_in_path
from horarium.domain.errors import NotFound
from horarium.domain.ids import LOWEST_ID, Id, from_prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

# The dialect of our own schedules. Only these have keys that a path can name.
NATIVE = "native"
# The filter that names a schedule by its key, and what it says.
KEY_FILTER = "schedule_key"
KEY_FILTER_WORDS = "the key of a schedule, instead of its id"
# What is told where something else than an id stands for one.
NO_ID = (
    "the id of a schedule begins with sch_; a schedule is named by its key under /schedules/by-key/, and with --by-key "
    "on the command line"
)


class ScheduleIds:
    """Reads and writes the ids of schedules as the installed dialects do.

    A dialect's form of an id names only schedules of that dialect: the form of one is never taken for that of another.
    """

    def __init__(self, services: Services, dialects: Dialects) -> None:
        self._services, self._dialects = services, dialects

    async def in_path(self, who: Identity, request: Request) -> Id:
        """The id of the schedule that a path names. Raises NotFound; for a dialect's id also where it has no schedule
        in the caller's workspace, or only a deleted one, and for a key that no schedule has."""
        key = key_in_path(request)
        if key is not None:
            return (await self._with_key(who, key)).id
        text = str(request.path_params["id"])
        own = from_prefixed("sch", text)
        if own is not None:
            return own
        found = await self._of_dialect(who, text)
        if found is None or found.deleted_ms is not None:
            raise self._unknown(text)
        return found.id

    async def with_history(self, who: Identity, request: Request) -> Schedule:
        """The schedule that a path names, also a deleted one: its history stays. Raises NotFound.

        A key is free again when its schedule is deleted, so it names no deleted one.
        """
        key = key_in_path(request)
        if key is not None:
            return await self._with_key(who, key)
        text = str(request.path_params["id"])
        own = from_prefixed("sch", text)
        if own is not None:
            return await self._services.explain.schedule(who.workspace_id, own)
        found = await self._of_dialect(who, text)
        if found is None:
            raise self._unknown(text)
        return found

    async def in_query(self, who: Identity, query: Query, name: str) -> Id | None:
        """The id of the schedule that a filter of a list names: see `filtered`."""
        return await self.filtered(who, query.text(name), query.text(KEY_FILTER), query.wrong, name)

    async def filtered(
        self,
        who: Identity,
        text: str | None,
        key: str | None,
        wrong: Callable[[str, str], None],
        name: str = "schedule",
    ) -> Id | None:
        """The id of the schedule that a filter names by an id, also that of a deleted schedule, or by its key. An id or
        a key of no schedule is LOWEST_ID, with which nothing is found. `wrong` takes the name of a filter and what is
        wrong with it."""
        if text is not None and key is not None:
            wrong(KEY_FILTER, f"names a schedule, and {name} does as well; give one of them")
        elif key is not None:
            keyed = await self._services.schedules.find_by_key(who.workspace_id, NATIVE, key)
            return LOWEST_ID if keyed is None else keyed.id
        if text is None:
            return None
        own = from_prefixed("sch", text)
        if own is not None:
            return own
        if all(dialect.id_of(text) is None for dialect in self._dialects.values()):
            wrong(name, f"{text[:60]!r} is not an id such as sch_01J...")
            return None
        found = await self._of_dialect(who, text)
        return LOWEST_ID if found is None else found.id

    def in_dialect(self, schedule: Schedule) -> str | None:
        """The id of a schedule as its dialect writes it. None for our own schedules, and where it is not installed."""
        dialect = self._dialects.get(schedule.dialect)
        return None if dialect is None else dialect.id_text(schedule.id)

    async def _with_key(self, who: Identity, key: str) -> Schedule:
        found = await self._services.schedules.find_by_key(who.workspace_id, NATIVE, key)
        if found is None:
            raise NotFound("schedule", key)
        return found

    def _unknown(self, text: str) -> NotFound:
        """What is told of a text that names no schedule. One that is no id at all may have been meant as a key."""
        is_id = any(dialect.id_of(text) is not None for dialect in self._dialects.values())
        return NotFound("schedule", text, "" if is_id else NO_ID)

    async def _of_dialect(self, who: Identity, text: str) -> Schedule | None:
        """The schedule that a text names in the form of its dialect, also a deleted one."""
        for name, dialect in self._dialects.items():
            meant = dialect.id_of(text)
            if meant is None:
                continue
            try:
                found = await self._services.explain.schedule(who.workspace_id, meant)
            except NotFound:
                continue
            if found.dialect == name:
                return found
        return None
