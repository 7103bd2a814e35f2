"""What the handlers of all resources begin with: who asks, which agent or schedule is meant, which page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.wire import SCHEDULE, WORKSPACE
from horarium.api.fields import LONGEST_QUERY
from horarium.api.kit import Around, Fields, Handlers, Query, read_json, segment
from horarium.domain.errors import Invalid, NotFound
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.pages import cursor_from

# What stands before the key of an agent or a schedule, where it is named by that instead of its id.
EXTERNAL = "external_id:"

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100

# What includeInfo costs of a key's rate, beside the request itself.
INFO_COST = 4.0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is asked for: at most `limit` items from beyond the id `cursor`."""

    limit: int
    cursor: Id | None
    newest_first: bool
    include_info: bool


class CadenyaHandlers(Handlers[Order, Facts]):
    """The base of the handlers of all resources."""

    async def who(self, request: Request, scope: str | None = None) -> Identity:
        """As ever; where the path names a workspace, it must be the caller's own. Raises NotFound where not."""
        who = await super().who(request, scope)
        if "workspaceId" in request.path_params:
            given = segment(request, "workspaceId")
            if given not in (prefixed(WORKSPACE, who.workspace_id), EXTERNAL + who.workspace.slug):
                raise NotFound("workspace", given)
        return who

    async def agent(self, who: Identity, reference: str) -> Target:
        """The agent that a reference names, by id, `external_id:KEY`, key or number. Raises NotFound."""
        try:
            return await self.services.targets.resolve(
                who.workspace_id, reference.removeprefix(EXTERNAL), {TargetKind.AGENT}
            )
        except NotFound:
            raise NotFound("agent", reference) from None

    async def schedule_of(self, who: Identity, agent: Target, reference: str) -> Schedule:
        """The schedule of an agent that a reference names, by id or `external_id:KEY`. Raises NotFound."""
        missing = NotFound("schedule", reference)
        if reference.startswith(EXTERNAL):
            found = await self.schedule_with_key(who, agent.id, reference)
            if found is None:
                raise missing
            return found
        try:
            return await self.schedule(who, from_prefixed(SCHEDULE, reference), agent.id)
        except NotFound:
            raise missing from None

    async def schedule_with_key(self, who: Identity, agent_id: Id, reference: str) -> Schedule | None:
        """The schedule of an agent that `external_id:KEY` names; None where there is no such schedule."""
        key = reference.removeprefix(EXTERNAL)
        if not key or "\0" in key:
            return None
        return await self.services.schedules.find_by_key(who.workspace_id, self.dialect.name, key, agent_id)

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        """Who made the schedules."""
        ids = [schedule.created_by for schedule in schedules]
        return Around({}, await self.services.objectives.makers(ids))

    async def fields_and_mask(self, request: Request) -> Fields:
        """The fields of the body, which may be empty. An update mask in the query counts where the body has none."""
        body = await read_json(request, self.services.settings.body_limit, optional=True)
        if body.get("updateMask") in (None, ""):
            body = {**body, "updateMask": request.query_params.get("updateMask")}
        return Fields(body)

    def page(self, who: Identity, query: Query) -> PageRequest:
        """The page that a query asks for. Raises Invalid with every problem of the query, RateLimited."""
        order = (query.text("sortOrder") or "desc").lower()
        if order not in ("asc", "desc"):
            query.wrong("sortOrder", "must be asc or desc")
        limit = query.number("limit", DEFAULT_LIMIT, 0, LARGEST_LIMIT, clamped=True) or DEFAULT_LIMIT
        page = PageRequest(limit, _cursor(query), order == "desc", query.flag("includeInfo"))
        query.done()
        if page.include_info:
            self.services.rates.charge(who, INFO_COST)
        return page


def _cursor(query: Query) -> Id | None:
    given = query.text("cursor")
    try:
        return cursor_from(given) if given else None
    except Invalid as error:
        query.problems.extend(error.problems)
        return None


def filter_text(request: Request, name: str) -> str | None:
    """A text that a list is narrowed to; None where it is left out or empty. One that is very long or has a NUL, which
    no stored text can hold, finds nothing."""
    given = request.query_params.get(name, "")
    return ("\ufffd" if len(given) > LONGEST_QUERY else given.replace("\0", "\ufffd")) or None
