"""Routes of workspaces, principals, keys and grants."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, path_id
from horarium.api.models import (
    GrantsBody,
    KeyBody,
    PrincipalBody,
    RotationBody,
    WorkspaceBody,
    WorkspacePatch,
    changed_body,
    schema_of,
    validated,
)
from horarium.api.routes.base import (
    CURSOR,
    IF_MATCH,
    LIMIT,
    ONCE,
    Routes,
    cursor_of,
    etag,
    expected_version,
    replayed,
)
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import EVERY_TARGET, SERVER_SCOPE, Identity, PrincipalType
from horarium.service.pages import MOST, cursor_from, cut
from horarium.service.purges import DELAY_DAYS, LONGEST_DELAY_DAYS
from horarium.service.services import Services
from horarium.service.tenancy import ADMIN


def workspace_id_in(request: Request, who: Identity) -> Id:
    """The id of the workspace in the path. `current` stands for the workspace of the key."""
    if request.path_params["id"] == "current":
        return who.workspace_id
    return path_id(request, "ws", "workspace")


class WorkspaceRoutes(Routes):
    async def create(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        body = validated(WorkspaceBody, await self.body(request))
        made = await self.services.tenancy.create_workspace(
            who, body.name, body.slug, body.settings, body.quotas, body.weight, body.allowed_hosts
        )
        shown = {
            **show.workspace(made.workspace),
            "admin": show.principal(made.admin),
            "admin_key": show.issued_key(made.issued),
        }
        return json_answer(201, shown, headers=etag(made.workspace.version))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request)
        query = Query(request)
        limit, after, deleted = query.limit(), cursor_of(request), query.flag("deleted")
        query.done()
        if deleted:
            found = await self.services.purges.page(who, after, limit)
        else:
            found = await self.services.tenancy.list_workspaces(who, after, limit)
        return json_answer(200, show.page(found, show.workspace))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request)
        found = await self.services.tenancy.get_workspace(who, workspace_id_in(request, who))
        usage = await self.services.tenancy.usage(who, found.id)
        in_force = await self.services.pauses.in_force(found.id, self.services.clock.now_ms())
        pause = show.pause(in_force[0]) if in_force else None
        shown = {**show.workspace(found), "usage": show.usage(usage), "pause": pause}
        return json_answer(200, shown, headers=etag(found.version))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        workspace_id = workspace_id_in(request, who)
        given = await self.body(request)
        if any(name in WorkspacePatch.shown for name in given):
            known = await self.services.tenancy.get_workspace(who, workspace_id)
            given = changed_body(WorkspacePatch, given, show.workspace(known))
        body = validated(WorkspacePatch, given)
        version = expected_version(request, body.version)
        found = await self.services.tenancy.update_workspace(
            who,
            workspace_id,
            body.name,
            body.settings,
            version,
            body.quotas,
            body.weight,
            body.allowed_hosts,
        )
        return json_answer(200, show.workspace(found), headers=etag(found.version))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        query = Query(request)
        days = query.number("days", DELAY_DAYS, 0, LONGEST_DELAY_DAYS)
        query.done()
        found = await self.services.purges.delete(who, workspace_id_in(request, who), days)
        return json_answer(200, show.workspace(found), headers=etag(found.version))

    async def undelete(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        found = await self.services.purges.undelete(who, workspace_id_in(request, who))
        return json_answer(200, show.workspace(found), headers=etag(found.version))

    async def me(self, request: Request) -> Answer:
        who = await self.who(request)
        shown = {
            "workspace": show.workspace(who.workspace),
            "principal": show.principal(who.principal),
            "key": {"id": prefixed("key", who.key_id), "scopes": sorted(who.scopes)},
            **show.grants(cut(sorted(who.granted), MOST, lambda target_id: target_id)),
        }
        return json_answer(200, shown)


class PrincipalRoutes(Routes):
    async def create(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        raw, repeated = await self.body_once(request, who, "POST /principals")
        body = validated(PrincipalBody, raw)
        granted = await _granted(self.services, who, body.grants or [], "grants")
        found, again = await self.services.tenancy.create_principal_once(
            who, repeated, body.name, PrincipalType(body.type), body.email, granted
        )
        return json_answer(201, show.principal(found), headers=replayed(again))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        query = Query(request)
        limit, after = query.limit(), cursor_of(request)
        query.done()
        found = await self.services.tenancy.list_principals(who, after, limit)
        return json_answer(200, show.page(found, show.principal))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request)
        found = await self.services.tenancy.get_principal(who, self._id(request))
        return json_answer(200, show.principal(found))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        await self.services.tenancy.delete_principal(who, self._id(request))
        return empty_answer()

    async def grants(self, request: Request) -> Answer:
        who = await self.who(request)
        query = Query(request)
        limit, given = query.limit(), query.text("cursor")
        query.done()
        after = None if given is None else cursor_from(given)
        found = await self.services.tenancy.grants_page(who, self._id(request), after, limit)
        return json_answer(200, show.grants(found))

    async def grant(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        body = validated(GrantsBody, changed_body(GrantsBody, await self.body(request), {}))
        targets = await _granted(self.services, who, body.targets, "targets")
        principal_id = self._id(request)
        await self.services.tenancy.add_grants(who, principal_id, targets)
        found = await self.services.tenancy.grants_page(who, principal_id, None, MOST)
        return json_answer(200, show.grants(found))

    async def ungrant(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        target = (await _granted(self.services, who, [request.path_params["target"]], "target"))[0]
        await self.services.tenancy.remove_grant(who, self._id(request), target)
        return empty_answer()

    def _id(self, request: Request) -> Id:
        return path_id(request, "prn", "principal")


class KeyRoutes(Routes):
    async def create(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        body = validated(KeyBody, await self.body(request))
        principal = None if body.principal is None else from_prefixed("prn", body.principal)
        if body.principal is not None and principal is None:
            raise Invalid(
                Problem("principal", "must be the id of a principal, such as prn_01J...", "unknown")
            )
        restriction = await self._restriction(who, body)
        try:
            made = await self.services.tenancy.create_key(
                who, body.name, body.scopes, principal, body.expires_at, restriction
            )
        except NotFound:
            raise Invalid(Problem("principal", "does not exist in this workspace", "unknown")) from None
        return json_answer(201, show.issued_key(made))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        query = Query(request)
        limit, after = query.limit(), cursor_of(request)
        query.done()
        found = await self.services.tenancy.list_keys(who, after, limit)
        return json_answer(200, show.page(found, show.key))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request)
        return json_answer(200, show.key(await self.services.tenancy.get_key(who, self._id(request))))

    async def _restriction(self, who: Identity, body: KeyBody) -> Restriction | None:
        """What a body restricts a key to; None where it says nothing of it. Raises Invalid."""
        if body.targets is None and body.labels is None and body.networks is None:
            return None
        targets = await _granted(self.services, who, body.targets or [], "targets")
        if EVERY_TARGET in targets:
            targets = []
        return Restriction(tuple(targets), body.labels or {}, tuple(body.networks or ()))

    async def revoke(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        return json_answer(200, show.key(await self.services.tenancy.revoke_key(who, self._id(request))))

    async def rotate(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        body = validated(RotationBody, await self.body_or_nothing(request))
        made = await self.services.tenancy.rotate_key(who, self._id(request), body.overlap or 0)
        return json_answer(201, show.issued_key(made))

    def _id(self, request: Request) -> Id:
        return path_id(request, "key", "key")


async def _granted(
    services: Services, who: Identity, references: Sequence[str | int], field: str
) -> list[Id]:
    """The ids of the targets that references name; `*` stands for all. Raises Invalid for unknown references."""
    found: list[Id] = []
    problems = []
    for reference in references:
        try:
            every = reference == "*"
            found.append(
                EVERY_TARGET if every else (await services.targets.resolve(who.workspace_id, reference)).id
            )
        except NotFound:
            words = f"{str(reference)[:80]!r} does not exist in this workspace"
            problems.append(Problem(field, words, "unknown"))
    if problems:
        raise Invalid(problems)
    return found


def add_routes(api: Api, services: Services) -> None:
    paged = {"limit": LIMIT, "cursor": CURSOR}
    spaces, people, keys = WorkspaceRoutes(services), PrincipalRoutes(services), KeyRoutes(services)
    made, changed = schema_of(WorkspaceBody), schema_of(WorkspacePatch)
    space = "workspaces"
    api.add("GET", "/me", spaces.me, "Who the key belongs to, and what it may do", tag=space)
    api.add("POST", "/workspaces", spaces.create, "Make a workspace", tag=space, status=201, body=made)
    listed = {**paged, "deleted": "true: only those that were deleted and can be had back (workspaces:admin)"}
    api.add("GET", "/workspaces", spaces.list, "List workspaces", tag=space, query=listed)
    api.add("GET", "/workspaces/{id}", spaces.get, "Get a workspace (or `current`)", tag=space)
    match = {"If-Match": IF_MATCH}
    api.add(
        "PATCH",
        "/workspaces/{id}",
        spaces.update,
        "Change a workspace",
        tag=space,
        body=changed,
        headers=match,
    )
    words = "Delete a workspace: at once nothing of it works, and later it is gone (workspaces:admin)"
    days = {"days": f"after how many days it is gone for good; {DELAY_DAYS}, at most {LONGEST_DELAY_DAYS}"}
    api.add("DELETE", "/workspaces/{id}", spaces.delete, words, tag=space, query=days)
    words = "Have a deleted workspace back (workspaces:admin)"
    api.add("POST", "/workspaces/{id}/undelete", spaces.undelete, words, tag=space)
    tag, principal = "principals", "/principals/{id}"
    body, granted = schema_of(PrincipalBody), schema_of(GrantsBody)
    words = "Make a principal"
    api.add("POST", "/principals", people.create, words, tag=tag, status=201, body=body, headers=ONCE)
    api.add("GET", "/principals", people.list, "List principals", tag=tag, query=paged)
    api.add("GET", principal, people.get, "Get a principal", tag=tag)
    api.add("DELETE", principal, people.delete, "Remove a principal and its keys", tag=tag, status=204)
    api.add("GET", f"{principal}/grants", people.grants, "List a principal's grants", tag=tag, query=paged)
    api.add(
        "POST", f"{principal}/grants", people.grant, "Grant targets to a principal", tag=tag, body=granted
    )
    api.add(
        "DELETE", f"{principal}/grants/{{target}}", people.ungrant, "Take a grant away", tag=tag, status=204
    )
    rotation = schema_of(RotationBody)
    api.add("POST", "/keys", keys.create, "Make a key", tag="keys", status=201, body=schema_of(KeyBody))
    api.add("GET", "/keys", keys.list, "List keys", tag="keys", query=paged)
    api.add("GET", "/keys/{id}", keys.get, "Get a key", tag="keys")
    api.add("DELETE", "/keys/{id}", keys.revoke, "Revoke a key", tag="keys")
    api.add(
        "POST",
        "/keys/{id}/rotate",
        keys.rotate,
        "Replace a key by a new one",
        tag="keys",
        status=201,
        body=rotation,
        optional_body=True,
    )
