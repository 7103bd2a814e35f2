"""Bulk requests in the mode `upsert`: each line is the schedule with its key, as PUT by key would make it.

What a line finds as it says is not written, so that the same request sent again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from horarium.api.bulk import Creating, Written
from horarium.api.drafts import Change, replacement, schedule_draft, version_in
from horarium.api.schedule_ids import NATIVE
from horarium.domain.errors import Conflict, HorariumError, Invalid, NothingAtVersion, Problem
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.checks import key_problems
from horarium.service.schedules import ScheduleDraft, granted
from horarium.service.services import Services
from horarium.service.turns import Turns

# How many changed schedules of one request are written at the same time, each in a transaction of its own.
AT_ONCE = 16
_Body = dict[str, Any]
_Found = Written | HorariumError


@dataclass(frozen=True, slots=True)
class Upserting:
    """Every line creates the schedule with its key, or replaces it where it differs."""

    who: Identity
    services: Services

    async def read(self, raw: _Body) -> _Body:
        """Raises Invalid for a line without a key, or with one that no schedule can have."""
        key = raw.get("key")
        if key is None:
            raise Invalid(
                Problem("key", "is required in the mode upsert: it says which schedule is meant", "required")
            )
        if not isinstance(key, str):
            raise Invalid(Problem("key", "must be a string", "type"))
        if problems := list(key_problems("key", key)):
            raise Invalid(problems)
        return raw

    async def write(self, items: Sequence[_Body]) -> Sequence[_Found]:
        return [found for part in _apart(items) for found in await self._write(part)]

    async def _write(self, bodies: Sequence[_Body]) -> Sequence[_Found]:
        """Lines of different keys: the new ones in one transaction, then those that change something."""
        keys = [body["key"] for body in bodies]
        known = await self.services.schedules.with_keys(self.who.workspace_id, NATIVE, keys)
        found: list[_Found | None] = [None] * len(bodies)
        new: dict[int, ScheduleDraft] = {}
        changed: dict[int, tuple[Schedule, Change]] = {}
        turns = Turns()
        for place, body in enumerate(bodies):
            await turns.give()
            before = known.get(body["key"])
            try:
                if before is None:
                    new[place] = await self._draft(body)
                else:
                    change = await replacement(self.who, self.services, before.id, body)
                    if self._says_nothing_new(before, change):
                        found[place] = Written(before, "unchanged")
                    else:
                        changed[place] = before, change
            except HorariumError as error:
                # Its traceback has this frame: together they would keep the lines until garbage is collected.
                found[place] = error.with_traceback(None)
        if new:
            created = await Creating(self.who, self.services).write(list(new.values()))
            for place, made in zip(new, created, strict=True):
                found[place] = await self._late(bodies[place], made)
        places = list(changed)
        for first in range(0, len(places), AT_ONCE):
            some = places[first : first + AT_ONCE]
            done = await asyncio.gather(*(self._change(*changed[place]) for place in some))
            for place, one in zip(some, done, strict=True):
                found[place] = one
        return [one for one in found if one is not None]

    async def _draft(self, body: _Body) -> ScheduleDraft:
        if (version := version_in(body)) is not None:
            raise NothingAtVersion("schedule", body["key"], version)
        return await schedule_draft(self.who, self.services, body, self.services.clock.now_ms())

    def _says_nothing_new(self, before: Schedule, change: Change) -> bool:
        """Raises what the change raises."""
        same = granted(self.who, change.edit)(before) == before
        return same and change.version in (None, before.version)

    async def _change(self, before: Schedule, change: Change) -> _Found:
        try:
            after = await self.services.schedules.change(self.who, before.id, change.edit, change.version)
        except HorariumError as error:
            return error
        return Written(after, "unchanged" if after.version == before.version else "updated")

    async def _late(self, body: _Body, made: _Found) -> _Found:
        """Somebody else may have created a schedule with the key since we looked; then it is replaced instead."""
        if not isinstance(made, Conflict) or made.reason != "key_taken":
            return made
        key = body["key"]
        before = await self.services.schedules.find_by_key(self.who.workspace_id, NATIVE, key)
        if before is None:
            return made
        try:
            return await self._change(before, await replacement(self.who, self.services, before.id, body))
        except HorariumError as error:
            return error


def _apart(bodies: Sequence[_Body]) -> Iterator[Sequence[_Body]]:
    """The lines in order, in parts of which none has a key twice: a later line finds what an earlier one has made."""
    part: dict[str, _Body] = {}
    for body in bodies:
        if body["key"] in part:
            yield list(part.values())
            part = {}
        part[body["key"]] = body
    yield list(part.values())
