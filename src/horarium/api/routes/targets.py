"""Routes of targets, which are what schedules run."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api import show
from horarium.api.drafts import patched
from horarium.api.fields import Query
from horarium.api.models import (
    NO_VERSION_YET,
    SecretRotationBody,
    TargetBody,
    TargetTestBody,
    changed_body,
    schema_of,
    validated,
)
from horarium.api.routes.base import (
    CURSOR,
    IF_MATCH,
    LIMIT,
    ONCE,
    TOTAL,
    Routes,
    cursor_of,
    etag,
    expected_version,
    key_in_path,
    refuse_other_key,
    replayed,
    required_key,
)
from horarium.api.unknown import OwnApi
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.listings import TargetListing
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.tenancy import Identity
from horarium.service.rates import TRIED_CALL
from horarium.service.services import Services
from horarium.service.targets import OVERLAP_MS, TargetDraft

KINDS = tuple(kind.value for kind in TargetKind)


class TargetRoutes(Routes):
    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        raw, repeated = await self.body_once(request, who, "POST /targets")
        body = validated(TargetBody, raw)
        if body.version is not None:
            raise Invalid(NO_VERSION_YET)
        made, again = await self.services.targets.create_once(who, _draft(body), repeated)
        headers = etag(made.target.version) | replayed(again)
        return json_answer(201, show.new_target(made), headers=headers)

    async def put(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        key, given = required_key(request), await self.body(request)
        refuse_other_key(given, key)
        body = validated(TargetBody, await self._sendable(who, await self._with_key(who, key), given))
        version = expected_version(request, body.version)
        made, new = await self.services.targets.put(who, key, _draft(body), version)
        return json_answer(201 if new else 200, show.new_target(made), headers=etag(made.target.version))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        listing = TargetListing(
            who.workspace_id,
            query.limit(),
            cursor_of(request),
            kind=query.choice("kind", KINDS),
            state=query.choice("state", tuple(TargetState)),
            key=query.text("key"),
            search=query.text("search"),
        )
        wants_total = query.flag("total")
        query.done()
        found = await self.services.targets.list(who, listing)
        total = await self.services.totals.targets(listing) if wants_total else None
        return json_answer(200, show.page(found, show.target, total))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        key = key_in_path(request)
        if key is None:
            target = await self.services.targets.get(who, request.path_params["ref"])
        else:
            target = await self.services.targets.with_key(who.workspace_id, key)
        shown = show.target(target)
        shown["lane"] = show.lane(await self.services.targets.lane(who, target.id))
        return json_answer(200, shown, headers=etag(target.version))

    async def replace(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        given = await self.body(request)
        target = await self._named(who, request)
        body = validated(TargetBody, await self._sendable(who, target, given))
        version = expected_version(request, body.version)
        return _shown(await self.services.targets.replace(who, target.id, _draft(body), version))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        given = await self.body(request)
        target = await self._named(who, request)
        change = await self._sendable(who, target, given)
        seen = change.get("version")
        version = expected_version(request, seen if isinstance(seen, int) else None)

        def changed(before: Target) -> TargetDraft:
            return _draft(validated(TargetBody, patched(_as_body(before), _kept(change))))

        return _shown(await self.services.targets.change(who, target.id, changed, version))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        target = await self._named(who, request)
        await self.services.targets.delete(who, target.id, expected_version(request))
        return empty_answer()

    async def enable(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        target, version = await self._named(who, request), expected_version(request)
        return _shown(await self.services.targets.set_enabled(who, target.id, True, version=version))

    async def disable(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        target, version = await self._named(who, request), expected_version(request)
        return _shown(await self.services.targets.set_enabled(who, target.id, False, version=version))

    async def rotate(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        body = validated(SecretRotationBody, await self.body_or_nothing(request))
        target = await self._named(who, request)
        overlap = OVERLAP_MS if body.overlap is None else body.overlap
        made = await self.services.targets.rotate_signing_secret(
            who,
            target.id,
            overlap if body.keep_previous else None,
            body.algorithm == "ed25519",
            expected_version(request),
        )
        return json_answer(200, show.new_target(made), headers=etag(made.target.version))

    async def test(self, request: Request) -> Answer:
        """Call the target once, and show what was sent and answered. It is no run."""
        who = await self.who(request, "targets:write")
        body = validated(TargetTestBody, await self.body_or_nothing(request))
        target = await self._named(who, request)
        self.services.rates.charge(who, TRIED_CALL)
        tried = await self.services.tried_calls.call(who, target.id, body.input, body.row)
        return json_answer(200, show.tried_call(tried))

    async def _sendable(self, who: Identity, target: Target | None, given: dict[str, Any]) -> dict[str, Any]:
        """The body of a change of a target, by `changed_body`; of a new one (None), as it is."""
        if target is None or not any(name in TargetBody.shown for name in given):
            return given
        # The target may have been remembered as it was some seconds ago.
        stored = (await self.services.targets.named(who.workspace_id, {target.id})).get(target.id, target)
        return changed_body(TargetBody, given, show.target(stored))

    async def _with_key(self, who: Identity, key: str) -> Target | None:
        try:
            return await self.services.targets.with_key(who.workspace_id, key)
        except NotFound:
            return None

    async def _named(self, who: Identity, request: Request) -> Target:
        """The target that the path names: by its key alone, or by its id, key or number. Raises NotFound."""
        key = key_in_path(request)
        if key is not None:
            return await self.services.targets.with_key(who.workspace_id, key)
        return await self.services.targets.resolve(who.workspace_id, request.path_params["ref"])


def _shown(target: Target) -> Answer:
    return json_answer(200, show.target(target), headers=etag(target.version))


def _as_body(target: Target) -> dict[str, Any]:
    """The body that would leave a target as it is."""
    shown = show.target(target)
    return {name: shown[name] for name in TargetBody.model_fields if name in shown and name != "version"}


def _kept(change: dict[str, Any]) -> dict[str, Any]:
    """The body without nulls in fields that every target has: there null means that the field is left out."""
    return {k: v for k, v in change.items() if v is not None or k not in ("kind", "name", "executor")}


def _draft(body: TargetBody) -> TargetDraft:
    kind = body.executor.get("type")
    if not isinstance(kind, str):
        raise Invalid(Problem("executor.type", "is required: http, python, command, ...", "required"))
    standard = TargetDraft(TargetKind(body.kind), body.name, kind, {})
    return TargetDraft(
        kind=standard.kind,
        name=body.name,
        executor=kind,
        config={name: value for name, value in body.executor.items() if name != "type"},
        key=body.key,
        description=body.description,
        completion=Completion(body.completion or "response"),
        timeout_ms=standard.timeout_ms if body.timeout is None else body.timeout,
        deadline_ms=standard.deadline_ms if body.deadline is None else body.deadline,
        max_concurrency=body.max_concurrency,
        rate_per_second=body.rate_per_second,
        input_schema=body.input_schema,
        extra=body.extra or {},
        enabled=body.enabled is not False,
    )


def add_routes(api: OwnApi, services: Services) -> None:
    routes, tag, target = TargetRoutes(services), "targets", "/targets/{ref}"
    body, match = schema_of(TargetBody), {"If-Match": IF_MATCH}
    rotation = schema_of(SecretRotationBody)
    filters = {
        "kind": f"one of {', '.join(KINDS)}",
        "state": "enabled, disabled, or archived (an agent of cadenya)",
        "key": "the key that its maker chose, whole",
        "search": "part of the name or the key",
        "limit": LIMIT,
        "cursor": CURSOR,
        "total": TOTAL,
    }
    api.add("POST", "/targets", routes.create, "Make a target", tag=tag, status=201, body=body, headers=ONCE)
    api.add("GET", "/targets", routes.list, "List targets", tag=tag, query=filters)
    by_key = "/targets/by-key/{key}"
    api.add("PUT", by_key, routes.put, "Make or replace a target by key", tag=tag, body=body, headers=match)
    api.add(
        "GET",
        target,
        routes.get,
        "Get a target by id, key or number, with how its runs stand (lane)",
        tag=tag,
    )
    api.add("PUT", target, routes.replace, "Replace a target", tag=tag, body=body, headers=match, keyed=False)
    api.add(
        "PATCH", target, routes.update, "Change a target (merge patch)", tag=tag, body=body, headers=match
    )
    api.add("DELETE", target, routes.delete, "Delete a target", tag=tag, status=204, headers=match)
    api.add("POST", f"{target}/enable", routes.enable, "Switch a target on", tag=tag, headers=match)
    api.add("POST", f"{target}/disable", routes.disable, "Switch a target off", tag=tag, headers=match)
    api.add(
        "POST",
        f"{target}/rotate-secret",
        routes.rotate,
        "Make a new signing secret",
        tag=tag,
        headers=match,
        body=rotation,
        optional_body=True,
    )
    api.add(
        "POST",
        f"{target}/test",
        routes.test,
        "Call a target once, and show what was sent and answered",
        tag=tag,
        body=schema_of(TargetTestBody),
        optional_body=True,
    )
