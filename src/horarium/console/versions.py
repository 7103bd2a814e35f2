"""The versions of a schedule's definition: which there were, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query
from horarium.api.web import Answer
from horarium.console import words
from horarium.console.of_schedules import OfSchedules
from horarium.console.rendering import path_to
from horarium.domain.ids import prefixed
from horarium.domain.same_json import is_same_json
from horarium.domain.schedule import Definition, DefinitionVersion

PAGE = 50
_HIGHEST = 10**18 - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a definition as two versions have it, each as JSON that people can read."""

    field: str
    before: str
    after: str


class VersionPages(OfSchedules):
    async def list(self, request: Request) -> Answer:
        """The versions, and two of them compared: those that the address names as `before` and `after`, or the latest
        and the one before it. Numbers are left out where a change was of the name alone."""
        who = await self.who(request, "schedules:read")
        schedule = await self.schedule(who, request)
        query = Query(request)
        below = query.number("below", 0, 1, _HIGHEST)
        before, after = query.number("before", 0, 1, _HIGHEST), query.number("after", 0, 1, _HIGHEST)
        query.done()
        found = await self.services.explain.versions(who.workspace_id, schedule.id, PAGE + 1, below or None)
        versions = found[:PAGE]
        after = after or schedule.definition_version
        if not before:
            earlier = await self.services.explain.versions(who.workspace_id, schedule.id, 1, after)
            before = earlier[0].number if earlier else 0
        differences = None
        if before:
            explain, own = self.services.explain, (who.workspace_id, schedule.id)
            differences = compared(await explain.version(*own, before), await explain.version(*own, after))
        place = (prefixed("sch", schedule.id), "versions")
        return self.page(
            request,
            "versions.html",
            schedule=schedule,
            versions=versions,
            before=before,
            after=after,
            differences=differences,
            older=path_to("schedules", *place, below=versions[-1].number) if len(found) > PAGE else None,
        )


def compared(
    before: tuple[DefinitionVersion, Definition], after: tuple[DefinitionVersion, Definition]
) -> list[Difference]:
    """The fields in which two versions differ, policies one by one. Environment variables are not compared, because
    they are secret."""
    was, will_be = _flat(show.version(*before)), _flat(show.version(*after))
    return [
        Difference(name, _written(was.get(name)), _written(will_be.get(name)))
        for name in {**was, **will_be}
        if name not in ("version", "from") and not is_same_json(was.get(name), will_be.get(name))
    ]


def _flat(shown: dict[str, object]) -> dict[str, object]:
    """The fields of a version, with each of its policies as a field of its own."""
    policies = shown.pop("policies")
    assert isinstance(policies, dict)  # as show.version makes it
    return {**shown, **{f"policies.{name}": value for name, value in policies.items()}}


def _written(value: object) -> str:
    return "nothing" if value is None else words.value(value)
