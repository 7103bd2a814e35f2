"""The base of every class of handlers: what they all do with a request before and after the one use case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic

from starlette.requests import Request

from horarium.api.fields import Problems
from horarium.api.kit.dialect import Around, Dialect, Facts, Json, Order
from horarium.api.kit.fields import Fields
from horarium.api.kit.keys import authenticate
from horarium.api.kit.parts import goes_on, object_in_parts, piece, rest_of
from horarium.api.kit.resolving import own, resolve_target
from horarium.api.web import JSON, Answer, StreamedAnswer, json_answer, parse_object, read_body
from horarium.domain.errors import HorariumError, Invalid, NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import PageRows, ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.services import Services


async def read_json(request: Request, limit: int, optional: bool = False) -> dict[str, Any]:
    """The body as an object, whatever its Content-Type says. With `optional`, an empty one is an empty object.

    Raises Malformed, TooLarge.
    """
    body = await read_body(request, limit)
    return {} if optional and not body.strip() else parse_object(body)


class Handlers(Generic[Order, Facts]):
    """Handlers hold their dialect's record and the services, and nothing else."""

    def __init__(self, dialect: Dialect[Order, Facts], services: Services) -> None:
        self.dialect, self.services = dialect, services

    def now_ms(self) -> int:
        """The time by the server's clock."""
        return self.services.clock.now_ms()

    async def who(self, request: Request, scope: str | None = None) -> Identity:
        """Who sends a request, once it is sure that their key carries `scope`.

        Raises Unauthorized, Forbidden, RateLimited.
        """
        return await authenticate(request, self.services, self.dialect.keys, scope)

    async def fields(self, request: Request, optional: bool = False) -> Fields:
        """The fields of the body. With `optional`, an empty body has none. Raises Malformed, TooLarge."""
        return Fields(await read_json(request, self.services.settings.body_limit, optional))

    async def schedule(self, who: Identity, schedule_id: Id | None, owner_id: Id | None = None) -> Schedule:
        """A schedule of this dialect and, where `owner_id` is given, of that owner.

        Raises NotFound; also for the id None, so that a text that is not an id names nothing.
        """
        if schedule_id is None:
            raise NotFound("schedule")
        found = await self.services.schedules.get(who.workspace_id, schedule_id)
        return own(found, self.dialect.name, owner_id)

    async def target(
        self,
        who: Identity,
        reference: str | int | None,
        kinds: Collection[str],
        field: str,
        missing: str,
        problems: Problems,
    ) -> Target | None:
        """As `resolve_target`."""
        return await resolve_target(self.services, who, reference, kinds, field, missing, problems)

    async def change(
        self,
        who: Identity,
        before: Schedule,
        order: Order,
        facts: Facts,
        problems: Problems,
        distinct: bool = False,
    ) -> Schedule:
        """The one way in which a schedule is edited.

        The order is tried on the schedule as it was read, so that what is wrong with it is told together with the
        problems that were noted before. Then it is carried out inside the transaction, on the schedule as it is then.
        Raises Invalid with every problem, NotFound, and what `edited` raises. `distinct` as for the use case.
        """
        try:
            self.dialect.edited(before, order, facts)
        except Invalid as error:
            problems.extend(error.problems)
        except HorariumError:
            problems.done()
            raise
        problems.done()
        return await self.services.schedules.change(
            who,
            before.id,
            lambda known: self.dialect.edited(known, order, facts),
            distinct=distinct,
        )

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        """What `show` needs beside the schedules: nothing, unless a dialect overrides this."""
        return Around({}, {})

    async def with_targets(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        """For `around`: the targets of the schedules."""
        ids = {schedule.definition.target_id for schedule in schedules}
        return Around(await self.services.targets.named(who.workspace_id, ids), {})

    async def shown(self, who: Identity, schedules: Sequence[Schedule]) -> list[Json]:
        """Schedules as they are answered."""
        around = await self.around(who, schedules)
        return [self.dialect.show(schedule, around) for schedule in schedules]

    async def listed(
        self, who: Identity, listing: ScheduleListing, name: str, rest: Mapping[str, Any] | None = None
    ) -> Answer:
        """The schedules of a listing as the member `name` of an answer, before the members `rest`.

        For lists without a cursor, which cannot end early. Where there are many schedules, or their texts are large,
        the answer is sent while they are read, a piece at a time.
        """
        found = await self.services.schedules.list(replace(listing, limit=piece(listing.limit)))
        first = await self.shown(who, found)
        if not goes_on(len(found), found.ended_early, listing.limit):
            return json_answer(200, {name: first, **(rest or {})})

        async def read(most: int, last: Schedule) -> PageRows[Schedule]:
            following = replace(listing, limit=most, cursor=last.id, skip=0)
            return await self.services.schedules.list(following)

        async def pieces() -> AsyncIterator[Sequence[Json]]:
            yield first
            async for rows in rest_of(found, listing.limit, read):
                yield await self.shown(who, rows)

        return StreamedAnswer(200, object_in_parts({name: pieces}, rest or {}), JSON)

    async def shown_alone(self, who: Identity, schedule: Schedule) -> Json:
        """One schedule as it is answered."""
        (shown,) = await self.shown(who, [schedule])
        return shown
