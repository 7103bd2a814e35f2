"""What every request of this dialect begins with: who asks, in which workspace, about what, which page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from horarium.api.dialects.cadenya.render import OBJECTIVE, SCHEDULE, WORKSPACE
from horarium.api.dialects.cadenya.values import DIALECT
from horarium.api.kit import authenticate, segment
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.services import Services

EXTERNAL = "external_id:"
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100
INFO_COST = 4.0
"""What includeInfo costs of a key's rate, beside the request itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    cursor: Id | None
    newest_first: bool
    include_info: bool


class Asking:
    """Reads requests; it holds nothing but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def who(self, request: Request, scope: str | None = None) -> Identity:
        """The caller, whose workspace must be the one that the path names. Raises NotFound where not."""
        who = await authenticate(request, self.services, ("bearer",), scope)
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

    async def schedule(self, request: Request, who: Identity) -> tuple[Target, Schedule]:
        """The agent and its schedule that a path names. Raises NotFound."""
        agent = await self.agent(who, segment(request, "agentId"))
        return agent, await self.schedule_of(who, agent, segment(request, "id"))

    async def schedule_of(self, who: Identity, agent: Target, reference: str) -> Schedule:
        schedules = self.services.schedules
        found: Schedule | None = None
        if reference.startswith(EXTERNAL):
            key = reference.removeprefix(EXTERNAL)
            if key and "\0" not in key:
                found = await schedules.find_by_key(who.workspace_id, DIALECT, key, agent.id)
        elif (an_id := from_prefixed(SCHEDULE, reference)) is not None:
            try:
                found = await schedules.get(who.workspace_id, an_id)
            except NotFound:
                found = None
        if found is None or found.dialect != DIALECT or found.owner_id != agent.id:
            raise NotFound("schedule", reference)
        return found

    async def schedule_filter(self, who: Identity, reference: str, agent_id: Id | None) -> Id:
        """The id of a schedule that a list is narrowed to; a deleted one is still named by its id."""
        if reference.startswith(EXTERNAL) and agent_id is not None:
            key = reference.removeprefix(EXTERNAL)
            found = await self.services.schedules.find_by_key(who.workspace_id, DIALECT, key, agent_id)
            an_id = None if found is None else found.id
        else:
            an_id = from_prefixed(SCHEDULE, reference)
        if an_id is None:
            raise NotFound("schedule", reference)
        return an_id

    def page(self, request: Request, who: Identity) -> Page:
        """The page that the query asks for. Raises Invalid with every problem, RateLimited."""
        problems: list[Problem] = []
        query = request.query_params
        order = query.get("sortOrder", "").lower() or "desc"
        if order not in ("asc", "desc"):
            problems.append(Problem("sortOrder", "must be asc or desc"))
        info = _flag(query.get("includeInfo", ""), problems)
        cursor = None
        try:
            cursor = cursor_from(query["cursor"]) if query.get("cursor") else None
        except Invalid as error:
            problems += error.problems
        page = Page(_limit(query.get("limit", ""), problems), cursor, order == "desc", info)
        if problems:
            raise Invalid(problems)
        if page.include_info:
            self.services.identities.charge(who, INFO_COST)
        return page


def objective_id(text: str) -> Id:
    """The run behind an objective's id. Raises NotFound."""
    found = from_prefixed(OBJECTIVE, text)
    if found is None:
        raise NotFound("objective", text)
    return found


def paged(items: list[dict[str, Any]], ids: list[Id], page: Page, total: int | None = None) -> dict[str, Any]:
    """A page of a list, from up to one item more than it may hold; the cursor only where there is more."""
    pagination: dict[str, Any] = {} if total is None else {"total": total}
    if len(items) > page.limit:
        pagination["nextCursor"] = cursor_text(ids[page.limit - 1])
    return {"items": items[: page.limit], "pagination": pagination}


def labels_asked(text: str) -> tuple[tuple[str, str], ...]:
    """The labels that a list is narrowed to: `k=v,k2=v2`. Raises Invalid."""
    found = []
    for part in filter(None, (one.strip() for one in text.replace("\0", "\ufffd").split(","))):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise Invalid(Problem("labels", f"{part[:60]!r} is not of the form name=value"))
        found.append((name, value))
    return tuple(found)


def text_asked(request: Request, name: str) -> str | None:
    """A text of the query; an empty one counts as left out. What no text can hold finds nothing."""
    return request.query_params.get(name, "").replace("\0", "\ufffd") or None


def _flag(given: str, problems: list[Problem]) -> bool:
    """What includeInfo says; clients write it as true, True or 1."""
    word = given.lower()
    if word not in ("", "true", "t", "1", "false", "f", "0"):
        problems.append(Problem("includeInfo", "must be true or false", "type"))
    return word in ("true", "t", "1")


def _limit(given: str, problems: list[Problem]) -> int:
    if not given:
        return DEFAULT_LIMIT
    if not given.isdecimal() or not given.isascii():
        problems.append(Problem("limit", "must be a whole number from 0 to 100", "type"))
        return DEFAULT_LIMIT
    return min(int(given[:10]) or DEFAULT_LIMIT, LARGEST_LIMIT)
