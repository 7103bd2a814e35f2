"""The operations of the API, by resource. Generated from docs/openapi.json: see generate.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from horarium_client import types
    from horarium_client.client import AsyncHorarium, Horarium


class Home:
    """The operations of `home`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def get(self) -> types.Home:
        """What this server is, and where its APIs are described."""
        answer: types.Home = self._client.call("GET", "/")
        return answer


class Actions:
    """The operations of `actions`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.ActionPage:
        """List actions, the latest first."""
        answer: types.ActionPage = self._client.call(
            "GET", "/actions", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> Iterator[types.Action]:
        """List actions, the latest first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/actions", (), {"limit": limit})

    def get(self, id: str) -> types.Action:
        """Get an action and how far it has come."""
        answer: types.Action = self._client.call("GET", "/actions/{id}", segments=(id,))
        return answer

    def cancel(self, id: str) -> types.Action:
        """End an action where it stands; what it has done stays done."""
        answer: types.Action = self._client.call("POST", "/actions/{id}/cancel", segments=(id,))
        return answer


class Audiences:
    """The operations of `audiences`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, total: bool | None = None) -> types.AudienceSourceList:
        """List audience sources."""
        answer: types.AudienceSourceList = self._client.call("GET", "/audiences", query={"total": total})
        return answer

    def preview(self, body: types.AudienceBody) -> types.AudiencePreview:
        """Count an audience."""
        answer: types.AudiencePreview = self._client.call("POST", "/audiences/preview", body=body)
        return answer

    def delete(self, name: str) -> None:
        """Delete an audience source."""
        self._client.call("DELETE", "/audiences/{name}", segments=(name,))

    def get(self, name: str) -> types.AudienceSource:
        """Get an audience source."""
        answer: types.AudienceSource = self._client.call("GET", "/audiences/{name}", segments=(name,))
        return answer

    def put(self, name: str, body: types.SourceBody) -> types.AudienceSource:
        """Make or replace an audience source."""
        answer: types.AudienceSource = self._client.call(
            "PUT", "/audiences/{name}", segments=(name,), body=body
        )
        return answer

    def list_shares(
        self, name: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SourceSharePage:
        """List the workspaces with which an audience source is shared."""
        answer: types.SourceSharePage = self._client.call(
            "GET", "/audiences/{name}/shares", segments=(name,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_all(self, name: str, *, limit: int | None = None) -> Iterator[types.SourceShare]:
        """List the workspaces with which an audience source is shared All pages, item by item; `limit` is the
        size of a page.
        """
        return self._client.pages("/audiences/{name}/shares", (name,), {"limit": limit})

    def unshare(self, name: str, workspace: str) -> None:
        """Share an audience source with a workspace no longer (workspaces:admin)."""
        self._client.call(
            "DELETE",
            "/audiences/{name}/shares/{workspace}",
            segments=(
                name,
                workspace,
            ),
        )

    def share(
        self, name: str, workspace: str, body: types.SourceShareBody | None = None
    ) -> types.SourceShare:
        """Share an audience source with another workspace (workspaces:admin)."""
        answer: types.SourceShare = self._client.call(
            "PUT",
            "/audiences/{name}/shares/{workspace}",
            segments=(
                name,
                workspace,
            ),
            body=body,
        )
        return answer


class Audit:
    """The operations of `audit`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        principal: str | None = None,
        request: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.AuditPage:
        """List the audit log, newest first (audit:read)."""
        answer: types.AuditPage = self._client.call(
            "GET",
            "/audit",
            query={
                "action": action,
                "subject": subject,
                "principal": principal,
                "request": request,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        principal: str | None = None,
        request: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.AuditEntry]:
        """List the audit log, newest first (audit:read) All pages, item by item; `limit` is the size of a
        page.
        """
        return self._client.pages(
            "/audit",
            (),
            {
                "action": action,
                "subject": subject,
                "principal": principal,
                "request": request,
                "since": since,
                "until": until,
                "limit": limit,
                "total": total,
            },
        )

    def erase(self, body: types.ErasureBody) -> types.Erased:
        """Erase what the audit log says about a principal; the chain still verifies (keys:admin)."""
        answer: types.Erased = self._client.call("POST", "/audit/erase", body=body)
        return answer

    def export(
        self, *, since: str | None = None, until: str | None = None, proof: bool | None = None
    ) -> Iterator[types.AuditLine]:
        """The whole audit log as NDJSON, oldest first (audit:read)."""
        return self._client.read_lines("/audit/export", (), {"since": since, "until": until, "proof": proof})


class Directory:
    """The operations of `directory`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, kind: str, *, limit: int | None = None, cursor: str | None = None) -> types.DirectoryPage:
        """List items."""
        answer: types.DirectoryPage = self._client.call(
            "GET", "/directory/{kind}", segments=(kind,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, kind: str, *, limit: int | None = None) -> Iterator[types.DirectoryItem]:
        """List items All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/directory/{kind}", (kind,), {"limit": limit})

    def put(self, kind: str, body: Sequence[Any]) -> types.Imported:
        """Enter or replace items (users, contacts, deals, tasks, pipelines, stages)."""
        answer: types.Imported = self._client.call("PUT", "/directory/{kind}", segments=(kind,), body=body)
        return answer

    def delete(self, kind: str, id: str) -> None:
        """Delete an item."""
        self._client.call(
            "DELETE",
            "/directory/{kind}/{id}",
            segments=(
                kind,
                id,
            ),
        )

    def get(self, kind: str, id: str) -> types.DirectoryItem:
        """Get an item."""
        answer: types.DirectoryItem = self._client.call(
            "GET",
            "/directory/{kind}/{id}",
            segments=(
                kind,
                id,
            ),
        )
        return answer


class Erasures:
    """The operations of `erasures`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.ErasurePage:
        """List erasures, the latest first."""
        answer: types.ErasurePage = self._client.call(
            "GET", "/erasures", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> Iterator[types.Erasure]:
        """List erasures, the latest first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/erasures", (), {"limit": limit})

    def create(self, body: types.PersonBody) -> types.Erasure:
        """Erase a person from everything that the workspace holds (keys:admin)."""
        answer: types.Erasure = self._client.call("POST", "/erasures", body=body)
        return answer

    def get(self, id: str) -> types.Erasure:
        """Get an erasure and how far it has come."""
        answer: types.Erasure = self._client.call("GET", "/erasures/{id}", segments=(id,))
        return answer


class Events:
    """The operations of `events`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        since: str | None = None,
        after: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.EventPage:
        """List events; with Accept: text/event-stream all that come from now on (events:read)."""
        answer: types.EventPage = self._client.call(
            "GET",
            "/events",
            query={
                "type": type,
                "label": label,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "since": since,
                "after": after,
                "order": order,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        since: str | None = None,
        after: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Event]:
        """List events; with Accept: text/event-stream all that come from now on (events:read) All pages, item
        by item; `limit` is the size of a page.
        """
        return self._client.pages(
            "/events",
            (),
            {
                "type": type,
                "label": label,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "since": since,
                "after": after,
                "order": order,
                "limit": limit,
                "total": total,
            },
        )

    def follow(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        after: str | None = None,
    ) -> Iterator[types.Event]:
        """Events as they happen, after the event with the id `after`, or from now on. A connection that breaks
        is made anew, and nothing is missed. Raises EventForgotten where `after`, or the last event that was
        seen, is not kept any more.
        """
        return self._client.follow(
            "/events",
            {"type": type, "label": label, "schedule": schedule, "schedule_key": schedule_key},
            after,
        )

    def get(self, id: str) -> types.Event:
        """Get an event (events:read)."""
        answer: types.Event = self._client.call("GET", "/events/{id}", segments=(id,))
        return answer


class Fires:
    """The operations of `fires`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        target: str | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List the fires of a workspace."""
        answer: types.FirePage = self._client.call(
            "GET",
            "/fires",
            query={
                "kind": kind,
                "state": state,
                "target": target,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        target: str | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Fire]:
        """List the fires of a workspace All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/fires",
            (),
            {
                "kind": kind,
                "state": state,
                "target": target,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "total": total,
            },
        )

    def get(self, id: str) -> types.Fire:
        """Get a fire."""
        answer: types.Fire = self._client.call("GET", "/fires/{id}", segments=(id,))
        return answer


class Health:
    """The operations of `health`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def alive(self) -> types.Health:
        """Whether the server lives, with its versions."""
        answer: types.Health = self._client.call("GET", "/healthz")
        return answer

    def metrics(self, *, workspace: str | None = None) -> str:
        """Figures for Prometheus."""
        answer: str = self._client.call("GET", "/metrics", query={"workspace": workspace})
        return answer

    def ready(self) -> types.Readiness:
        """Whether the server can work."""
        answer: types.Readiness = self._client.call("GET", "/readyz")
        return answer


class Keys:
    """The operations of `keys`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.KeyPage:
        """List keys."""
        answer: types.KeyPage = self._client.call("GET", "/keys", query={"limit": limit, "cursor": cursor})
        return answer

    def list_all(self, *, limit: int | None = None) -> Iterator[types.Key]:
        """List keys All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/keys", (), {"limit": limit})

    def create(self, body: types.KeyBody) -> types.NewKey:
        """Make a key."""
        answer: types.NewKey = self._client.call("POST", "/keys", body=body)
        return answer

    def revoke(self, id: str) -> types.Key:
        """Revoke a key."""
        answer: types.Key = self._client.call("DELETE", "/keys/{id}", segments=(id,))
        return answer

    def get(self, id: str) -> types.Key:
        """Get a key."""
        answer: types.Key = self._client.call("GET", "/keys/{id}", segments=(id,))
        return answer

    def rotate(self, id: str, body: types.RotationBody | None = None) -> types.NewKey:
        """Replace a key by a new one."""
        answer: types.NewKey = self._client.call("POST", "/keys/{id}/rotate", segments=(id,), body=body)
        return answer


class Ledger:
    """The operations of `ledger`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        entry: Literal["fire", "span"] | None = None,
        reason: Literal[
            "skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"
        ]
        | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> types.LedgerPage:
        """Account for the slots of a workspace, the latest first."""
        answer: types.LedgerPage = self._client.call(
            "GET",
            "/ledger",
            query={
                "entry": entry,
                "reason": reason,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "cursor": cursor,
            },
        )
        return answer

    def list_all(
        self,
        *,
        entry: Literal["fire", "span"] | None = None,
        reason: Literal[
            "skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"
        ]
        | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
    ) -> Iterator[types.FireEntry | types.SpanEntry]:
        """Account for the slots of a workspace, the latest first All pages, item by item; `limit` is the size
        of a page.
        """
        return self._client.pages(
            "/ledger",
            (),
            {
                "entry": entry,
                "reason": reason,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
            },
        )


class Me:
    """The operations of `me`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def get(self) -> types.Me:
        """Who the key belongs to, and what it may do."""
        answer: types.Me = self._client.call("GET", "/me")
        return answer


class Principals:
    """The operations of `principals`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.PrincipalPage:
        """List principals."""
        answer: types.PrincipalPage = self._client.call(
            "GET", "/principals", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> Iterator[types.Principal]:
        """List principals All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/principals", (), {"limit": limit})

    def create(self, body: types.PrincipalBody, *, idempotency_key: str | None = None) -> types.Principal:
        """Make a principal."""
        answer: types.Principal = self._client.call(
            "POST", "/principals", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    def delete(self, id: str) -> None:
        """Remove a principal and its keys."""
        self._client.call("DELETE", "/principals/{id}", segments=(id,))

    def get(self, id: str) -> types.Principal:
        """Get a principal."""
        answer: types.Principal = self._client.call("GET", "/principals/{id}", segments=(id,))
        return answer

    def list_grants(self, id: str, *, limit: int | None = None, cursor: str | None = None) -> types.Grants:
        """List a principal's grants."""
        answer: types.Grants = self._client.call(
            "GET", "/principals/{id}/grants", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def grant(self, id: str, body: types.GrantsBody) -> types.Grants:
        """Grant targets to a principal."""
        answer: types.Grants = self._client.call("POST", "/principals/{id}/grants", segments=(id,), body=body)
        return answer

    def ungrant(self, id: str, target: str) -> None:
        """Take a grant away."""
        self._client.call(
            "DELETE",
            "/principals/{id}/grants/{target}",
            segments=(
                id,
                target,
            ),
        )


class Runs:
    """The operations of `runs`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        schedule: str | None = None,
        schedule_key: str | None = None,
        fire: str | None = None,
        target: str | None = None,
        state: Literal["open", "pending", "running", "succeeded", "failed", "cancelled", "waiting"]
        | None = None,
        label: Sequence[str] | None = None,
        row_key: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        include: Literal["input", "row", "input,row", "row,input"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.RunPage:
        """List runs."""
        answer: types.RunPage = self._client.call(
            "GET",
            "/runs",
            query={
                "schedule": schedule,
                "schedule_key": schedule_key,
                "fire": fire,
                "target": target,
                "state": state,
                "label": label,
                "row_key": row_key,
                "from": from_,
                "to": to,
                "include": include,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        schedule: str | None = None,
        schedule_key: str | None = None,
        fire: str | None = None,
        target: str | None = None,
        state: Literal["open", "pending", "running", "succeeded", "failed", "cancelled", "waiting"]
        | None = None,
        label: Sequence[str] | None = None,
        row_key: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        include: Literal["input", "row", "input,row", "row,input"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Run]:
        """List runs All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/runs",
            (),
            {
                "schedule": schedule,
                "schedule_key": schedule_key,
                "fire": fire,
                "target": target,
                "state": state,
                "label": label,
                "row_key": row_key,
                "from": from_,
                "to": to,
                "include": include,
                "limit": limit,
                "total": total,
            },
        )

    def act(self, body: types.RunActionBody, *, idempotency_key: str | None = None) -> types.ActionOrTrial:
        """Cancel or retry all runs that match a filter."""
        answer: types.ActionOrTrial = self._client.call(
            "POST", "/runs/actions", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    def get(self, id: str) -> types.RunInFull:
        """Get a run with its attempts."""
        answer: types.RunInFull = self._client.call("GET", "/runs/{id}", segments=(id,))
        return answer

    def cancel(self, id: str) -> types.Run:
        """End an open run now."""
        answer: types.Run = self._client.call("POST", "/runs/{id}/cancel", segments=(id,))
        return answer

    def complete(self, id: str, body: types.CompleteBody | None = None) -> types.Run:
        """The target has done it."""
        answer: types.Run = self._client.call("POST", "/runs/{id}/complete", segments=(id,), body=body)
        return answer

    def fail(self, id: str, body: types.FailBody | None = None) -> types.Run:
        """The target could not do it."""
        answer: types.Run = self._client.call("POST", "/runs/{id}/fail", segments=(id,), body=body)
        return answer

    def heartbeat(self, id: str, body: types.CompleteBody | None = None) -> types.Run:
        """The target is still at it."""
        answer: types.Run = self._client.call("POST", "/runs/{id}/heartbeat", segments=(id,), body=body)
        return answer

    def request(self, id: str, *, attempt: str | None = None) -> types.SentRequest:
        """What an attempt has sent to the target."""
        answer: types.SentRequest = self._client.call(
            "GET", "/runs/{id}/request", segments=(id,), query={"attempt": attempt}
        )
        return answer

    def retry(self, id: str, *, idempotency_key: str | None = None) -> types.Run:
        """Run again what is over."""
        answer: types.Run = self._client.call(
            "POST",
            "/runs/{id}/retry",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer


class Schedules:
    """The operations of `schedules`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        state: Literal["active", "paused", "completed", "archived"] | None = None,
        failing: bool | None = None,
        last_state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        next_fire_before: str | None = None,
        key_prefix: str | None = None,
        created_by: str | None = None,
        dialect: str | None = None,
        target: str | None = None,
        key: str | None = None,
        search: str | None = None,
        label: Sequence[str] | None = None,
        sort: Literal["desc", "asc", "name", "-name", "next_fire", "last_fire"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.SchedulePage:
        """List schedules."""
        answer: types.SchedulePage = self._client.call(
            "GET",
            "/schedules",
            query={
                "state": state,
                "failing": failing,
                "last_state": last_state,
                "next_fire_before": next_fire_before,
                "key_prefix": key_prefix,
                "created_by": created_by,
                "dialect": dialect,
                "target": target,
                "key": key,
                "search": search,
                "label": label,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        state: Literal["active", "paused", "completed", "archived"] | None = None,
        failing: bool | None = None,
        last_state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        next_fire_before: str | None = None,
        key_prefix: str | None = None,
        created_by: str | None = None,
        dialect: str | None = None,
        target: str | None = None,
        key: str | None = None,
        search: str | None = None,
        label: Sequence[str] | None = None,
        sort: Literal["desc", "asc", "name", "-name", "next_fire", "last_fire"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.ListedSchedule]:
        """List schedules All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules",
            (),
            {
                "state": state,
                "failing": failing,
                "last_state": last_state,
                "next_fire_before": next_fire_before,
                "key_prefix": key_prefix,
                "created_by": created_by,
                "dialect": dialect,
                "target": target,
                "key": key,
                "search": search,
                "label": label,
                "sort": sort,
                "limit": limit,
                "total": total,
            },
        )

    def create(self, body: types.ScheduleBody, *, idempotency_key: str | None = None) -> types.Schedule:
        """Make a schedule."""
        answer: types.Schedule = self._client.call(
            "POST", "/schedules", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    def act(
        self, body: types.ScheduleActionBody, *, idempotency_key: str | None = None
    ) -> types.ActionOrTrial:
        """Pause, resume, delete, relabel, retarget or fire all schedules that match a filter."""
        answer: types.ActionOrTrial = self._client.call(
            "POST",
            "/schedules/actions",
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def bulk(
        self, bodies: Iterable[types.ScheduleBody], *, mode: Literal["create", "upsert"] | None = None
    ) -> Iterator[types.BulkLine]:
        """Make many, or make and replace many by key (NDJSON, a line for each)."""
        return self._client.call_lines("POST", "/schedules/bulk", bodies, {"mode": mode})

    def delete_by_key(self, key: str, *, if_match: str | None = None) -> None:
        """Delete a schedule; its ledger, explanations, fires and runs stay, by its key."""
        self._client.call(
            "DELETE", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}
        )

    def get_by_key(self, key: str) -> types.Schedule:
        """Get a schedule, by its key."""
        answer: types.Schedule = self._client.call("GET", "/schedules/by-key/{key}", segments=(key,))
        return answer

    def update_by_key(
        self, key: str, body: types.SchedulePatch, *, if_match: str | None = None
    ) -> types.Schedule:
        """Change a schedule (merge patch), by its key."""
        answer: types.Schedule = self._client.call(
            "PATCH", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def put_by_key(
        self, key: str, body: types.ScheduleBody, *, if_match: str | None = None
    ) -> types.Schedule:
        """Make or replace by key."""
        answer: types.Schedule = self._client.call(
            "PUT", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def backfill_by_key(
        self, key: str, body: types.BackfillBody, *, idempotency_key: str | None = None
    ) -> types.BackfillPlan:
        """Fire past slots, by its key."""
        answer: types.BackfillPlan = self._client.call(
            "POST",
            "/schedules/by-key/{key}/backfill",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def explain_by_key(self, key: str, *, at: str | None = None) -> types.Explanation:
        """Why it fired, or did not, by its key."""
        answer: types.Explanation = self._client.call(
            "GET", "/schedules/by-key/{key}/explain", segments=(key,), query={"at": at}
        )
        return answer

    def fire_now_by_key(self, key: str, *, idempotency_key: str | None = None) -> types.Fire:
        """Fire once by hand, by its key."""
        answer: types.Fire = self._client.call(
            "POST",
            "/schedules/by-key/{key}/fire-now",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer

    def list_fires_by_key(
        self,
        key: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List a schedule's fires, by its key."""
        answer: types.FirePage = self._client.call(
            "GET",
            "/schedules/by-key/{key}/fires",
            segments=(key,),
            query={"kind": kind, "limit": limit, "cursor": cursor, "total": total},
        )
        return answer

    def list_fires_by_key_all(
        self,
        key: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Fire]:
        """List a schedule's fires, by its key All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules/by-key/{key}/fires", (key,), {"kind": kind, "limit": limit, "total": total}
        )

    def ledger_by_key(
        self, key: str, *, from_: str | None = None, to: str | None = None, limit: int | None = None
    ) -> types.Ledger:
        """Account for every slot, by its key."""
        answer: types.Ledger = self._client.call(
            "GET",
            "/schedules/by-key/{key}/ledger",
            segments=(key,),
            query={"from": from_, "to": to, "limit": limit},
        )
        return answer

    def pause_by_key(
        self, key: str, body: types.PauseBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Stop its clock, for good or until an instant, by its key."""
        answer: types.Schedule = self._client.call(
            "POST",
            "/schedules/by-key/{key}/pause",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    def preview_by_key(
        self, key: str, *, count: int | None = None, after: str | None = None
    ) -> types.Preview:
        """What it will do next, by its key."""
        answer: types.Preview = self._client.call(
            "GET", "/schedules/by-key/{key}/preview", segments=(key,), query={"count": count, "after": after}
        )
        return answer

    def resume_by_key(
        self, key: str, body: types.ResumeBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Let its clock go on from now, by its key."""
        answer: types.Schedule = self._client.call(
            "POST",
            "/schedules/by-key/{key}/resume",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    def list_versions_by_key(
        self, key: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.VersionPage:
        """List the versions of its definition, the latest first, by its key."""
        answer: types.VersionPage = self._client.call(
            "GET",
            "/schedules/by-key/{key}/versions",
            segments=(key,),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    def list_versions_by_key_all(
        self, key: str, *, limit: int | None = None
    ) -> Iterator[types.ListedVersion]:
        """List the versions of its definition, the latest first, by its key All pages, item by item; `limit`
        is the size of a page.
        """
        return self._client.pages("/schedules/by-key/{key}/versions", (key,), {"limit": limit})

    def get_version_by_key(self, key: str, number: str) -> types.Version:
        """Get one version of its definition, by its key."""
        answer: types.Version = self._client.call(
            "GET",
            "/schedules/by-key/{key}/versions/{number}",
            segments=(
                key,
                number,
            ),
        )
        return answer

    def list_windows_by_key(self, key: str) -> types.WindowList:
        """List the maintenance windows of the schedule, by its key."""
        answer: types.WindowList = self._client.call(
            "GET", "/schedules/by-key/{key}/windows", segments=(key,)
        )
        return answer

    def make_window_by_key(
        self, key: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the schedule again and again, for a time: a maintenance window that recurs, by its
        key.
        """
        answer: types.Window = self._client.call(
            "POST",
            "/schedules/by-key/{key}/windows",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def take_back_window_by_key(self, key: str, window: str) -> None:
        """Take back a maintenance window of the schedule; if it holds, it ends now, by its key."""
        self._client.call(
            "DELETE",
            "/schedules/by-key/{key}/windows/{window}",
            segments=(
                key,
                window,
            ),
        )

    def preview_unsaved(self, body: types.PreviewBody) -> types.Preview:
        """Preview without saving."""
        answer: types.Preview = self._client.call("POST", "/schedules/preview", body=body)
        return answer

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a schedule; its ledger, explanations, fires and runs stay."""
        self._client.call("DELETE", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match})

    def get(self, id: str) -> types.Schedule:
        """Get a schedule."""
        answer: types.Schedule = self._client.call("GET", "/schedules/{id}", segments=(id,))
        return answer

    def update(self, id: str, body: types.SchedulePatch, *, if_match: str | None = None) -> types.Schedule:
        """Change a schedule (merge patch)."""
        answer: types.Schedule = self._client.call(
            "PATCH", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def replace(self, id: str, body: types.ScheduleBody, *, if_match: str | None = None) -> types.Schedule:
        """Replace a schedule."""
        answer: types.Schedule = self._client.call(
            "PUT", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def backfill(
        self, id: str, body: types.BackfillBody, *, idempotency_key: str | None = None
    ) -> types.BackfillPlan:
        """Fire past slots."""
        answer: types.BackfillPlan = self._client.call(
            "POST",
            "/schedules/{id}/backfill",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def explain(self, id: str, *, at: str | None = None) -> types.Explanation:
        """Why it fired, or did not."""
        answer: types.Explanation = self._client.call(
            "GET", "/schedules/{id}/explain", segments=(id,), query={"at": at}
        )
        return answer

    def fire_now(self, id: str, *, idempotency_key: str | None = None) -> types.Fire:
        """Fire once by hand."""
        answer: types.Fire = self._client.call(
            "POST",
            "/schedules/{id}/fire-now",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer

    def list_fires(
        self,
        id: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List a schedule's fires."""
        answer: types.FirePage = self._client.call(
            "GET",
            "/schedules/{id}/fires",
            segments=(id,),
            query={"kind": kind, "limit": limit, "cursor": cursor, "total": total},
        )
        return answer

    def list_fires_all(
        self,
        id: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Fire]:
        """List a schedule's fires All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules/{id}/fires", (id,), {"kind": kind, "limit": limit, "total": total}
        )

    def ledger(
        self, id: str, *, from_: str | None = None, to: str | None = None, limit: int | None = None
    ) -> types.Ledger:
        """Account for every slot."""
        answer: types.Ledger = self._client.call(
            "GET", "/schedules/{id}/ledger", segments=(id,), query={"from": from_, "to": to, "limit": limit}
        )
        return answer

    def pause(
        self, id: str, body: types.PauseBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Stop its clock, for good or until an instant."""
        answer: types.Schedule = self._client.call(
            "POST", "/schedules/{id}/pause", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def preview(self, id: str, *, count: int | None = None, after: str | None = None) -> types.Preview:
        """What it will do next."""
        answer: types.Preview = self._client.call(
            "GET", "/schedules/{id}/preview", segments=(id,), query={"count": count, "after": after}
        )
        return answer

    def resume(
        self, id: str, body: types.ResumeBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Let its clock go on from now."""
        answer: types.Schedule = self._client.call(
            "POST", "/schedules/{id}/resume", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def list_versions(
        self, id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.VersionPage:
        """List the versions of its definition, the latest first."""
        answer: types.VersionPage = self._client.call(
            "GET", "/schedules/{id}/versions", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_versions_all(self, id: str, *, limit: int | None = None) -> Iterator[types.ListedVersion]:
        """List the versions of its definition, the latest first All pages, item by item; `limit` is the size
        of a page.
        """
        return self._client.pages("/schedules/{id}/versions", (id,), {"limit": limit})

    def get_version(self, id: str, number: str) -> types.Version:
        """Get one version of its definition."""
        answer: types.Version = self._client.call(
            "GET",
            "/schedules/{id}/versions/{number}",
            segments=(
                id,
                number,
            ),
        )
        return answer

    def list_windows(self, id: str) -> types.WindowList:
        """List the maintenance windows of the schedule."""
        answer: types.WindowList = self._client.call("GET", "/schedules/{id}/windows", segments=(id,))
        return answer

    def make_window(
        self, id: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the schedule again and again, for a time: a maintenance window that recurs."""
        answer: types.Window = self._client.call(
            "POST",
            "/schedules/{id}/windows",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def take_back_window(self, id: str, window: str) -> None:
        """Take back a maintenance window of the schedule; if it holds, it ends now."""
        self._client.call(
            "DELETE",
            "/schedules/{id}/windows/{window}",
            segments=(
                id,
                window,
            ),
        )


class Secrets:
    """The operations of `secrets`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def rotate(self) -> types.RotatedSecrets:
        """Encrypt all stored secrets with a new key (workspaces:admin)."""
        answer: types.RotatedSecrets = self._client.call("POST", "/secrets/rotate")
        return answer


class Tables:
    """The operations of `tables`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self) -> types.TableList:
        """List embedded tables."""
        answer: types.TableList = self._client.call("GET", "/tables")
        return answer

    def create(self, body: types.TableBody) -> types.Table:
        """Make an embedded table."""
        answer: types.Table = self._client.call("POST", "/tables", body=body)
        return answer

    def get(self, database: str, table: str) -> types.Table:
        """Describe an embedded table."""
        answer: types.Table = self._client.call(
            "GET",
            "/tables/{database}/{table}",
            segments=(
                database,
                table,
            ),
        )
        return answer

    def rows(
        self, database: str, table: str, *, limit: int | None = None, after: int | None = None
    ) -> types.TableRows:
        """Rows, in the order they were made."""
        answer: types.TableRows = self._client.call(
            "GET",
            "/tables/{database}/{table}/rows",
            segments=(
                database,
                table,
            ),
            query={"limit": limit, "after": after},
        )
        return answer


class Targets:
    """The operations of `targets`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self,
        *,
        kind: Literal["automation", "workflow", "function", "agent", "tool", "table"] | None = None,
        state: str | None = None,
        key: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.TargetPage:
        """List targets."""
        answer: types.TargetPage = self._client.call(
            "GET",
            "/targets",
            query={
                "kind": kind,
                "state": state,
                "key": key,
                "search": search,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        kind: Literal["automation", "workflow", "function", "agent", "tool", "table"] | None = None,
        state: str | None = None,
        key: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> Iterator[types.Target]:
        """List targets All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/targets",
            (),
            {"kind": kind, "state": state, "key": key, "search": search, "limit": limit, "total": total},
        )

    def create(self, body: types.TargetBody, *, idempotency_key: str | None = None) -> types.NewTarget:
        """Make a target."""
        answer: types.NewTarget = self._client.call(
            "POST", "/targets", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    def delete_by_key(self, key: str, *, if_match: str | None = None) -> None:
        """Delete a target, by its key."""
        self._client.call("DELETE", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match})

    def get_by_key(self, key: str) -> types.TargetInFull:
        """Get a target by id, key or number, with how its runs stand (lane), by its key."""
        answer: types.TargetInFull = self._client.call("GET", "/targets/by-key/{key}", segments=(key,))
        return answer

    def update_by_key(
        self, key: str, body: types.TargetPatch, *, if_match: str | None = None
    ) -> types.Target:
        """Change a target (merge patch), by its key."""
        answer: types.Target = self._client.call(
            "PATCH", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def put_by_key(self, key: str, body: types.TargetBody, *, if_match: str | None = None) -> types.NewTarget:
        """Make or replace a target by key."""
        answer: types.NewTarget = self._client.call(
            "PUT", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def disable_by_key(self, key: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target off, by its key."""
        answer: types.Target = self._client.call(
            "POST", "/targets/by-key/{key}/disable", segments=(key,), headers={"If-Match": if_match}
        )
        return answer

    def enable_by_key(self, key: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target on, by its key."""
        answer: types.Target = self._client.call(
            "POST", "/targets/by-key/{key}/enable", segments=(key,), headers={"If-Match": if_match}
        )
        return answer

    def rotate_secret_by_key(
        self, key: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewTarget:
        """Make a new signing secret, by its key."""
        answer: types.NewTarget = self._client.call(
            "POST",
            "/targets/by-key/{key}/rotate-secret",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    def list_shares_by_key(
        self, key: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SharePage:
        """List the workspaces with which a target is shared, by its key."""
        answer: types.SharePage = self._client.call(
            "GET", "/targets/by-key/{key}/shares", segments=(key,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_by_key_all(self, key: str, *, limit: int | None = None) -> Iterator[types.Share]:
        """List the workspaces with which a target is shared, by its key All pages, item by item; `limit` is
        the size of a page.
        """
        return self._client.pages("/targets/by-key/{key}/shares", (key,), {"limit": limit})

    def unshare_by_key(self, key: str, workspace: str) -> None:
        """Share a target with a workspace no longer (workspaces:admin), by its key."""
        self._client.call(
            "DELETE",
            "/targets/by-key/{key}/shares/{workspace}",
            segments=(
                key,
                workspace,
            ),
        )

    def share_by_key(self, key: str, workspace: str, body: types.ShareBody | None = None) -> types.Share:
        """Share a target with another workspace (workspaces:admin), by its key."""
        answer: types.Share = self._client.call(
            "PUT",
            "/targets/by-key/{key}/shares/{workspace}",
            segments=(
                key,
                workspace,
            ),
            body=body,
        )
        return answer

    def test_by_key(self, key: str, body: types.TargetTestBody | None = None) -> types.TriedCall:
        """Call a target once, and show what was sent and answered, by its key."""
        answer: types.TriedCall = self._client.call(
            "POST", "/targets/by-key/{key}/test", segments=(key,), body=body
        )
        return answer

    def delete(self, ref: str, *, if_match: str | None = None) -> None:
        """Delete a target."""
        self._client.call("DELETE", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match})

    def get(self, ref: str) -> types.TargetInFull:
        """Get a target by id, key or number, with how its runs stand (lane)."""
        answer: types.TargetInFull = self._client.call("GET", "/targets/{ref}", segments=(ref,))
        return answer

    def update(self, ref: str, body: types.TargetPatch, *, if_match: str | None = None) -> types.Target:
        """Change a target (merge patch)."""
        answer: types.Target = self._client.call(
            "PATCH", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def replace(self, ref: str, body: types.TargetBody, *, if_match: str | None = None) -> types.Target:
        """Replace a target."""
        answer: types.Target = self._client.call(
            "PUT", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def disable(self, ref: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target off."""
        answer: types.Target = self._client.call(
            "POST", "/targets/{ref}/disable", segments=(ref,), headers={"If-Match": if_match}
        )
        return answer

    def enable(self, ref: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target on."""
        answer: types.Target = self._client.call(
            "POST", "/targets/{ref}/enable", segments=(ref,), headers={"If-Match": if_match}
        )
        return answer

    def rotate_secret(
        self, ref: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewTarget:
        """Make a new signing secret."""
        answer: types.NewTarget = self._client.call(
            "POST", "/targets/{ref}/rotate-secret", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def list_shares(
        self, ref: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SharePage:
        """List the workspaces with which a target is shared."""
        answer: types.SharePage = self._client.call(
            "GET", "/targets/{ref}/shares", segments=(ref,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_all(self, ref: str, *, limit: int | None = None) -> Iterator[types.Share]:
        """List the workspaces with which a target is shared All pages, item by item; `limit` is the size of a
        page.
        """
        return self._client.pages("/targets/{ref}/shares", (ref,), {"limit": limit})

    def unshare(self, ref: str, workspace: str) -> None:
        """Share a target with a workspace no longer (workspaces:admin)."""
        self._client.call(
            "DELETE",
            "/targets/{ref}/shares/{workspace}",
            segments=(
                ref,
                workspace,
            ),
        )

    def share(self, ref: str, workspace: str, body: types.ShareBody | None = None) -> types.Share:
        """Share a target with another workspace (workspaces:admin)."""
        answer: types.Share = self._client.call(
            "PUT",
            "/targets/{ref}/shares/{workspace}",
            segments=(
                ref,
                workspace,
            ),
            body=body,
        )
        return answer

    def test(self, ref: str, body: types.TargetTestBody | None = None) -> types.TriedCall:
        """Call a target once, and show what was sent and answered."""
        answer: types.TriedCall = self._client.call("POST", "/targets/{ref}/test", segments=(ref,), body=body)
        return answer


class Webhooks:
    """The operations of `webhooks`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.WebhookPage:
        """List webhooks (events:read)."""
        answer: types.WebhookPage = self._client.call(
            "GET", "/webhooks", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> Iterator[types.Webhook]:
        """List webhooks (events:read) All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/webhooks", (), {"limit": limit})

    def create(self, body: types.WebhookBody, *, idempotency_key: str | None = None) -> types.NewWebhook:
        """Make a webhook (events:write)."""
        answer: types.NewWebhook = self._client.call(
            "POST", "/webhooks", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a webhook (events:write)."""
        self._client.call("DELETE", "/webhooks/{id}", segments=(id,), headers={"If-Match": if_match})

    def get(self, id: str) -> types.Webhook:
        """Get a webhook (events:read)."""
        answer: types.Webhook = self._client.call("GET", "/webhooks/{id}", segments=(id,))
        return answer

    def update(self, id: str, body: types.WebhookPatch, *, if_match: str | None = None) -> types.Webhook:
        """Change a webhook, or switch it on or off (events:write)."""
        answer: types.Webhook = self._client.call(
            "PATCH", "/webhooks/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def deliveries(
        self, id: str, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> types.DeliveryPage:
        """List what became of the events that were sent, the latest first (events:read)."""
        answer: types.DeliveryPage = self._client.call(
            "GET",
            "/webhooks/{id}/deliveries",
            segments=(id,),
            query={"state": state, "limit": limit, "cursor": cursor},
        )
        return answer

    def deliveries_all(
        self, id: str, *, state: str | None = None, limit: int | None = None
    ) -> Iterator[types.Delivery]:
        """List what became of the events that were sent, the latest first (events:read) All pages, item by
        item; `limit` is the size of a page.
        """
        return self._client.pages("/webhooks/{id}/deliveries", (id,), {"state": state, "limit": limit})

    def replay(self, id: str, body: types.ReplayBody) -> types.Replayed:
        """Send events once more, from one on or from an instant on (events:write)."""
        answer: types.Replayed = self._client.call("POST", "/webhooks/{id}/replay", segments=(id,), body=body)
        return answer

    def rotate_secret(
        self, id: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewWebhook:
        """Give a webhook another signing secret (events:write)."""
        answer: types.NewWebhook = self._client.call(
            "POST", "/webhooks/{id}/rotate-secret", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer


class Workspaces:
    """The operations of `workspaces`."""

    def __init__(self, client: Horarium) -> None:
        self._client = client

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, deleted: bool | None = None
    ) -> types.WorkspacePage:
        """List workspaces."""
        answer: types.WorkspacePage = self._client.call(
            "GET", "/workspaces", query={"limit": limit, "cursor": cursor, "deleted": deleted}
        )
        return answer

    def list_all(self, *, limit: int | None = None, deleted: bool | None = None) -> Iterator[types.Workspace]:
        """List workspaces All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/workspaces", (), {"limit": limit, "deleted": deleted})

    def create(self, body: types.WorkspaceBody) -> types.NewWorkspace:
        """Make a workspace."""
        answer: types.NewWorkspace = self._client.call("POST", "/workspaces", body=body)
        return answer

    def delete(self, id: str, *, days: int | None = None) -> types.Workspace:
        """Delete a workspace: at once nothing of it works, and later it is gone (workspaces:admin)."""
        answer: types.Workspace = self._client.call(
            "DELETE", "/workspaces/{id}", segments=(id,), query={"days": days}
        )
        return answer

    def get(self, id: str) -> types.WorkspaceInFull:
        """Get a workspace (or `current`)."""
        answer: types.WorkspaceInFull = self._client.call("GET", "/workspaces/{id}", segments=(id,))
        return answer

    def update(self, id: str, body: types.WorkspacePatch, *, if_match: str | None = None) -> types.Workspace:
        """Change a workspace."""
        answer: types.Workspace = self._client.call(
            "PATCH", "/workspaces/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def export(self, id: str) -> Iterator[types.ExportLine]:
        """Export everything that a workspace holds (NDJSON, a line for each thing; every scope that reads)."""
        return self._client.read_lines("/workspaces/{id}/export", (id,), {})

    def pause(self, id: str, body: types.WorkspacePauseBody | None = None) -> types.Pause:
        """Stop the clock of all its schedules, now or later, until it is resumed or until an instant."""
        answer: types.Pause = self._client.call("POST", "/workspaces/{id}/pause", segments=(id,), body=body)
        return answer

    def list_pauses(self, id: str, *, limit: int | None = None, cursor: str | None = None) -> types.PausePage:
        """List its pauses, those that began last first."""
        answer: types.PausePage = self._client.call(
            "GET", "/workspaces/{id}/pauses", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_pauses_all(self, id: str, *, limit: int | None = None) -> Iterator[types.Pause]:
        """List its pauses, those that began last first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/workspaces/{id}/pauses", (id,), {"limit": limit})

    def take_back_pause(self, id: str, pause: str) -> None:
        """Take back a pause that is planned and has not begun."""
        self._client.call(
            "DELETE",
            "/workspaces/{id}/pauses/{pause}",
            segments=(
                id,
                pause,
            ),
        )

    def resume(self, id: str, body: types.WorkspaceResumeBody | None = None) -> types.Pause:
        """Let the clock of its schedules go on from now."""
        answer: types.Pause = self._client.call("POST", "/workspaces/{id}/resume", segments=(id,), body=body)
        return answer

    def undelete(self, id: str) -> types.Workspace:
        """Have a deleted workspace back (workspaces:admin)."""
        answer: types.Workspace = self._client.call("POST", "/workspaces/{id}/undelete", segments=(id,))
        return answer

    def list_windows(self, id: str) -> types.WindowList:
        """List the maintenance windows of the workspace."""
        answer: types.WindowList = self._client.call("GET", "/workspaces/{id}/windows", segments=(id,))
        return answer

    def make_window(
        self, id: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the workspace again and again, for a time: a maintenance window that recurs."""
        answer: types.Window = self._client.call(
            "POST",
            "/workspaces/{id}/windows",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def take_back_window(self, id: str, window: str) -> None:
        """Take back a maintenance window of the workspace; if it holds, it ends now."""
        self._client.call(
            "DELETE",
            "/workspaces/{id}/windows/{window}",
            segments=(
                id,
                window,
            ),
        )


class Resources:
    """All resources of the API."""

    def __init__(self, client: Horarium) -> None:
        self.home = Home(client)
        self.actions = Actions(client)
        self.audiences = Audiences(client)
        self.audit = Audit(client)
        self.directory = Directory(client)
        self.erasures = Erasures(client)
        self.events = Events(client)
        self.fires = Fires(client)
        self.health = Health(client)
        self.keys = Keys(client)
        self.ledger = Ledger(client)
        self.me = Me(client)
        self.principals = Principals(client)
        self.runs = Runs(client)
        self.schedules = Schedules(client)
        self.secrets = Secrets(client)
        self.tables = Tables(client)
        self.targets = Targets(client)
        self.webhooks = Webhooks(client)
        self.workspaces = Workspaces(client)


class AsyncHome:
    """The operations of `home`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def get(self) -> types.Home:
        """What this server is, and where its APIs are described."""
        answer: types.Home = await self._client.call("GET", "/")
        return answer


class AsyncActions:
    """The operations of `actions`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.ActionPage:
        """List actions, the latest first."""
        answer: types.ActionPage = await self._client.call(
            "GET", "/actions", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> AsyncIterator[types.Action]:
        """List actions, the latest first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/actions", (), {"limit": limit})

    async def get(self, id: str) -> types.Action:
        """Get an action and how far it has come."""
        answer: types.Action = await self._client.call("GET", "/actions/{id}", segments=(id,))
        return answer

    async def cancel(self, id: str) -> types.Action:
        """End an action where it stands; what it has done stays done."""
        answer: types.Action = await self._client.call("POST", "/actions/{id}/cancel", segments=(id,))
        return answer


class AsyncAudiences:
    """The operations of `audiences`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, total: bool | None = None) -> types.AudienceSourceList:
        """List audience sources."""
        answer: types.AudienceSourceList = await self._client.call(
            "GET", "/audiences", query={"total": total}
        )
        return answer

    async def preview(self, body: types.AudienceBody) -> types.AudiencePreview:
        """Count an audience."""
        answer: types.AudiencePreview = await self._client.call("POST", "/audiences/preview", body=body)
        return answer

    async def delete(self, name: str) -> None:
        """Delete an audience source."""
        await self._client.call("DELETE", "/audiences/{name}", segments=(name,))

    async def get(self, name: str) -> types.AudienceSource:
        """Get an audience source."""
        answer: types.AudienceSource = await self._client.call("GET", "/audiences/{name}", segments=(name,))
        return answer

    async def put(self, name: str, body: types.SourceBody) -> types.AudienceSource:
        """Make or replace an audience source."""
        answer: types.AudienceSource = await self._client.call(
            "PUT", "/audiences/{name}", segments=(name,), body=body
        )
        return answer

    async def list_shares(
        self, name: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SourceSharePage:
        """List the workspaces with which an audience source is shared."""
        answer: types.SourceSharePage = await self._client.call(
            "GET", "/audiences/{name}/shares", segments=(name,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_all(self, name: str, *, limit: int | None = None) -> AsyncIterator[types.SourceShare]:
        """List the workspaces with which an audience source is shared All pages, item by item; `limit` is the
        size of a page.
        """
        return self._client.pages("/audiences/{name}/shares", (name,), {"limit": limit})

    async def unshare(self, name: str, workspace: str) -> None:
        """Share an audience source with a workspace no longer (workspaces:admin)."""
        await self._client.call(
            "DELETE",
            "/audiences/{name}/shares/{workspace}",
            segments=(
                name,
                workspace,
            ),
        )

    async def share(
        self, name: str, workspace: str, body: types.SourceShareBody | None = None
    ) -> types.SourceShare:
        """Share an audience source with another workspace (workspaces:admin)."""
        answer: types.SourceShare = await self._client.call(
            "PUT",
            "/audiences/{name}/shares/{workspace}",
            segments=(
                name,
                workspace,
            ),
            body=body,
        )
        return answer


class AsyncAudit:
    """The operations of `audit`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        principal: str | None = None,
        request: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.AuditPage:
        """List the audit log, newest first (audit:read)."""
        answer: types.AuditPage = await self._client.call(
            "GET",
            "/audit",
            query={
                "action": action,
                "subject": subject,
                "principal": principal,
                "request": request,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        principal: str | None = None,
        request: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.AuditEntry]:
        """List the audit log, newest first (audit:read) All pages, item by item; `limit` is the size of a
        page.
        """
        return self._client.pages(
            "/audit",
            (),
            {
                "action": action,
                "subject": subject,
                "principal": principal,
                "request": request,
                "since": since,
                "until": until,
                "limit": limit,
                "total": total,
            },
        )

    async def erase(self, body: types.ErasureBody) -> types.Erased:
        """Erase what the audit log says about a principal; the chain still verifies (keys:admin)."""
        answer: types.Erased = await self._client.call("POST", "/audit/erase", body=body)
        return answer

    def export(
        self, *, since: str | None = None, until: str | None = None, proof: bool | None = None
    ) -> AsyncIterator[types.AuditLine]:
        """The whole audit log as NDJSON, oldest first (audit:read)."""
        return self._client.read_lines("/audit/export", (), {"since": since, "until": until, "proof": proof})


class AsyncDirectory:
    """The operations of `directory`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self, kind: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.DirectoryPage:
        """List items."""
        answer: types.DirectoryPage = await self._client.call(
            "GET", "/directory/{kind}", segments=(kind,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, kind: str, *, limit: int | None = None) -> AsyncIterator[types.DirectoryItem]:
        """List items All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/directory/{kind}", (kind,), {"limit": limit})

    async def put(self, kind: str, body: Sequence[Any]) -> types.Imported:
        """Enter or replace items (users, contacts, deals, tasks, pipelines, stages)."""
        answer: types.Imported = await self._client.call(
            "PUT", "/directory/{kind}", segments=(kind,), body=body
        )
        return answer

    async def delete(self, kind: str, id: str) -> None:
        """Delete an item."""
        await self._client.call(
            "DELETE",
            "/directory/{kind}/{id}",
            segments=(
                kind,
                id,
            ),
        )

    async def get(self, kind: str, id: str) -> types.DirectoryItem:
        """Get an item."""
        answer: types.DirectoryItem = await self._client.call(
            "GET",
            "/directory/{kind}/{id}",
            segments=(
                kind,
                id,
            ),
        )
        return answer


class AsyncErasures:
    """The operations of `erasures`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.ErasurePage:
        """List erasures, the latest first."""
        answer: types.ErasurePage = await self._client.call(
            "GET", "/erasures", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> AsyncIterator[types.Erasure]:
        """List erasures, the latest first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/erasures", (), {"limit": limit})

    async def create(self, body: types.PersonBody) -> types.Erasure:
        """Erase a person from everything that the workspace holds (keys:admin)."""
        answer: types.Erasure = await self._client.call("POST", "/erasures", body=body)
        return answer

    async def get(self, id: str) -> types.Erasure:
        """Get an erasure and how far it has come."""
        answer: types.Erasure = await self._client.call("GET", "/erasures/{id}", segments=(id,))
        return answer


class AsyncEvents:
    """The operations of `events`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        since: str | None = None,
        after: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.EventPage:
        """List events; with Accept: text/event-stream all that come from now on (events:read)."""
        answer: types.EventPage = await self._client.call(
            "GET",
            "/events",
            query={
                "type": type,
                "label": label,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "since": since,
                "after": after,
                "order": order,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        since: str | None = None,
        after: str | None = None,
        order: Literal["newest", "oldest"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Event]:
        """List events; with Accept: text/event-stream all that come from now on (events:read) All pages, item
        by item; `limit` is the size of a page.
        """
        return self._client.pages(
            "/events",
            (),
            {
                "type": type,
                "label": label,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "since": since,
                "after": after,
                "order": order,
                "limit": limit,
                "total": total,
            },
        )

    def follow(
        self,
        *,
        type: str | None = None,
        label: Sequence[str] | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        after: str | None = None,
    ) -> AsyncIterator[types.Event]:
        """Events as they happen, after the event with the id `after`, or from now on. A connection that breaks
        is made anew, and nothing is missed. Raises EventForgotten where `after`, or the last event that was
        seen, is not kept any more.
        """
        return self._client.follow(
            "/events",
            {"type": type, "label": label, "schedule": schedule, "schedule_key": schedule_key},
            after,
        )

    async def get(self, id: str) -> types.Event:
        """Get an event (events:read)."""
        answer: types.Event = await self._client.call("GET", "/events/{id}", segments=(id,))
        return answer


class AsyncFires:
    """The operations of `fires`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        target: str | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List the fires of a workspace."""
        answer: types.FirePage = await self._client.call(
            "GET",
            "/fires",
            query={
                "kind": kind,
                "state": state,
                "target": target,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        target: str | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Fire]:
        """List the fires of a workspace All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/fires",
            (),
            {
                "kind": kind,
                "state": state,
                "target": target,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "total": total,
            },
        )

    async def get(self, id: str) -> types.Fire:
        """Get a fire."""
        answer: types.Fire = await self._client.call("GET", "/fires/{id}", segments=(id,))
        return answer


class AsyncHealth:
    """The operations of `health`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def alive(self) -> types.Health:
        """Whether the server lives, with its versions."""
        answer: types.Health = await self._client.call("GET", "/healthz")
        return answer

    async def metrics(self, *, workspace: str | None = None) -> str:
        """Figures for Prometheus."""
        answer: str = await self._client.call("GET", "/metrics", query={"workspace": workspace})
        return answer

    async def ready(self) -> types.Readiness:
        """Whether the server can work."""
        answer: types.Readiness = await self._client.call("GET", "/readyz")
        return answer


class AsyncKeys:
    """The operations of `keys`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.KeyPage:
        """List keys."""
        answer: types.KeyPage = await self._client.call(
            "GET", "/keys", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> AsyncIterator[types.Key]:
        """List keys All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/keys", (), {"limit": limit})

    async def create(self, body: types.KeyBody) -> types.NewKey:
        """Make a key."""
        answer: types.NewKey = await self._client.call("POST", "/keys", body=body)
        return answer

    async def revoke(self, id: str) -> types.Key:
        """Revoke a key."""
        answer: types.Key = await self._client.call("DELETE", "/keys/{id}", segments=(id,))
        return answer

    async def get(self, id: str) -> types.Key:
        """Get a key."""
        answer: types.Key = await self._client.call("GET", "/keys/{id}", segments=(id,))
        return answer

    async def rotate(self, id: str, body: types.RotationBody | None = None) -> types.NewKey:
        """Replace a key by a new one."""
        answer: types.NewKey = await self._client.call("POST", "/keys/{id}/rotate", segments=(id,), body=body)
        return answer


class AsyncLedger:
    """The operations of `ledger`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        entry: Literal["fire", "span"] | None = None,
        reason: Literal[
            "skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"
        ]
        | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> types.LedgerPage:
        """Account for the slots of a workspace, the latest first."""
        answer: types.LedgerPage = await self._client.call(
            "GET",
            "/ledger",
            query={
                "entry": entry,
                "reason": reason,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
                "cursor": cursor,
            },
        )
        return answer

    def list_all(
        self,
        *,
        entry: Literal["fire", "span"] | None = None,
        reason: Literal[
            "skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"
        ]
        | None = None,
        schedule: str | None = None,
        schedule_key: str | None = None,
        label: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[types.FireEntry | types.SpanEntry]:
        """Account for the slots of a workspace, the latest first All pages, item by item; `limit` is the size
        of a page.
        """
        return self._client.pages(
            "/ledger",
            (),
            {
                "entry": entry,
                "reason": reason,
                "schedule": schedule,
                "schedule_key": schedule_key,
                "label": label,
                "from": from_,
                "to": to,
                "limit": limit,
            },
        )


class AsyncMe:
    """The operations of `me`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def get(self) -> types.Me:
        """Who the key belongs to, and what it may do."""
        answer: types.Me = await self._client.call("GET", "/me")
        return answer


class AsyncPrincipals:
    """The operations of `principals`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.PrincipalPage:
        """List principals."""
        answer: types.PrincipalPage = await self._client.call(
            "GET", "/principals", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> AsyncIterator[types.Principal]:
        """List principals All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/principals", (), {"limit": limit})

    async def create(
        self, body: types.PrincipalBody, *, idempotency_key: str | None = None
    ) -> types.Principal:
        """Make a principal."""
        answer: types.Principal = await self._client.call(
            "POST", "/principals", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    async def delete(self, id: str) -> None:
        """Remove a principal and its keys."""
        await self._client.call("DELETE", "/principals/{id}", segments=(id,))

    async def get(self, id: str) -> types.Principal:
        """Get a principal."""
        answer: types.Principal = await self._client.call("GET", "/principals/{id}", segments=(id,))
        return answer

    async def list_grants(
        self, id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.Grants:
        """List a principal's grants."""
        answer: types.Grants = await self._client.call(
            "GET", "/principals/{id}/grants", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    async def grant(self, id: str, body: types.GrantsBody) -> types.Grants:
        """Grant targets to a principal."""
        answer: types.Grants = await self._client.call(
            "POST", "/principals/{id}/grants", segments=(id,), body=body
        )
        return answer

    async def ungrant(self, id: str, target: str) -> None:
        """Take a grant away."""
        await self._client.call(
            "DELETE",
            "/principals/{id}/grants/{target}",
            segments=(
                id,
                target,
            ),
        )


class AsyncRuns:
    """The operations of `runs`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        schedule: str | None = None,
        schedule_key: str | None = None,
        fire: str | None = None,
        target: str | None = None,
        state: Literal["open", "pending", "running", "succeeded", "failed", "cancelled", "waiting"]
        | None = None,
        label: Sequence[str] | None = None,
        row_key: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        include: Literal["input", "row", "input,row", "row,input"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.RunPage:
        """List runs."""
        answer: types.RunPage = await self._client.call(
            "GET",
            "/runs",
            query={
                "schedule": schedule,
                "schedule_key": schedule_key,
                "fire": fire,
                "target": target,
                "state": state,
                "label": label,
                "row_key": row_key,
                "from": from_,
                "to": to,
                "include": include,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        schedule: str | None = None,
        schedule_key: str | None = None,
        fire: str | None = None,
        target: str | None = None,
        state: Literal["open", "pending", "running", "succeeded", "failed", "cancelled", "waiting"]
        | None = None,
        label: Sequence[str] | None = None,
        row_key: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        include: Literal["input", "row", "input,row", "row,input"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Run]:
        """List runs All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/runs",
            (),
            {
                "schedule": schedule,
                "schedule_key": schedule_key,
                "fire": fire,
                "target": target,
                "state": state,
                "label": label,
                "row_key": row_key,
                "from": from_,
                "to": to,
                "include": include,
                "limit": limit,
                "total": total,
            },
        )

    async def act(
        self, body: types.RunActionBody, *, idempotency_key: str | None = None
    ) -> types.ActionOrTrial:
        """Cancel or retry all runs that match a filter."""
        answer: types.ActionOrTrial = await self._client.call(
            "POST", "/runs/actions", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    async def get(self, id: str) -> types.RunInFull:
        """Get a run with its attempts."""
        answer: types.RunInFull = await self._client.call("GET", "/runs/{id}", segments=(id,))
        return answer

    async def cancel(self, id: str) -> types.Run:
        """End an open run now."""
        answer: types.Run = await self._client.call("POST", "/runs/{id}/cancel", segments=(id,))
        return answer

    async def complete(self, id: str, body: types.CompleteBody | None = None) -> types.Run:
        """The target has done it."""
        answer: types.Run = await self._client.call("POST", "/runs/{id}/complete", segments=(id,), body=body)
        return answer

    async def fail(self, id: str, body: types.FailBody | None = None) -> types.Run:
        """The target could not do it."""
        answer: types.Run = await self._client.call("POST", "/runs/{id}/fail", segments=(id,), body=body)
        return answer

    async def heartbeat(self, id: str, body: types.CompleteBody | None = None) -> types.Run:
        """The target is still at it."""
        answer: types.Run = await self._client.call("POST", "/runs/{id}/heartbeat", segments=(id,), body=body)
        return answer

    async def request(self, id: str, *, attempt: str | None = None) -> types.SentRequest:
        """What an attempt has sent to the target."""
        answer: types.SentRequest = await self._client.call(
            "GET", "/runs/{id}/request", segments=(id,), query={"attempt": attempt}
        )
        return answer

    async def retry(self, id: str, *, idempotency_key: str | None = None) -> types.Run:
        """Run again what is over."""
        answer: types.Run = await self._client.call(
            "POST",
            "/runs/{id}/retry",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer


class AsyncSchedules:
    """The operations of `schedules`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        state: Literal["active", "paused", "completed", "archived"] | None = None,
        failing: bool | None = None,
        last_state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        next_fire_before: str | None = None,
        key_prefix: str | None = None,
        created_by: str | None = None,
        dialect: str | None = None,
        target: str | None = None,
        key: str | None = None,
        search: str | None = None,
        label: Sequence[str] | None = None,
        sort: Literal["desc", "asc", "name", "-name", "next_fire", "last_fire"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.SchedulePage:
        """List schedules."""
        answer: types.SchedulePage = await self._client.call(
            "GET",
            "/schedules",
            query={
                "state": state,
                "failing": failing,
                "last_state": last_state,
                "next_fire_before": next_fire_before,
                "key_prefix": key_prefix,
                "created_by": created_by,
                "dialect": dialect,
                "target": target,
                "key": key,
                "search": search,
                "label": label,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        state: Literal["active", "paused", "completed", "archived"] | None = None,
        failing: bool | None = None,
        last_state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
        | None = None,
        next_fire_before: str | None = None,
        key_prefix: str | None = None,
        created_by: str | None = None,
        dialect: str | None = None,
        target: str | None = None,
        key: str | None = None,
        search: str | None = None,
        label: Sequence[str] | None = None,
        sort: Literal["desc", "asc", "name", "-name", "next_fire", "last_fire"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.ListedSchedule]:
        """List schedules All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules",
            (),
            {
                "state": state,
                "failing": failing,
                "last_state": last_state,
                "next_fire_before": next_fire_before,
                "key_prefix": key_prefix,
                "created_by": created_by,
                "dialect": dialect,
                "target": target,
                "key": key,
                "search": search,
                "label": label,
                "sort": sort,
                "limit": limit,
                "total": total,
            },
        )

    async def create(self, body: types.ScheduleBody, *, idempotency_key: str | None = None) -> types.Schedule:
        """Make a schedule."""
        answer: types.Schedule = await self._client.call(
            "POST", "/schedules", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    async def act(
        self, body: types.ScheduleActionBody, *, idempotency_key: str | None = None
    ) -> types.ActionOrTrial:
        """Pause, resume, delete, relabel, retarget or fire all schedules that match a filter."""
        answer: types.ActionOrTrial = await self._client.call(
            "POST",
            "/schedules/actions",
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    def bulk(
        self, bodies: Iterable[types.ScheduleBody], *, mode: Literal["create", "upsert"] | None = None
    ) -> AsyncIterator[types.BulkLine]:
        """Make many, or make and replace many by key (NDJSON, a line for each)."""
        return self._client.call_lines("POST", "/schedules/bulk", bodies, {"mode": mode})

    async def delete_by_key(self, key: str, *, if_match: str | None = None) -> None:
        """Delete a schedule; its ledger, explanations, fires and runs stay, by its key."""
        await self._client.call(
            "DELETE", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}
        )

    async def get_by_key(self, key: str) -> types.Schedule:
        """Get a schedule, by its key."""
        answer: types.Schedule = await self._client.call("GET", "/schedules/by-key/{key}", segments=(key,))
        return answer

    async def update_by_key(
        self, key: str, body: types.SchedulePatch, *, if_match: str | None = None
    ) -> types.Schedule:
        """Change a schedule (merge patch), by its key."""
        answer: types.Schedule = await self._client.call(
            "PATCH", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def put_by_key(
        self, key: str, body: types.ScheduleBody, *, if_match: str | None = None
    ) -> types.Schedule:
        """Make or replace by key."""
        answer: types.Schedule = await self._client.call(
            "PUT", "/schedules/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def backfill_by_key(
        self, key: str, body: types.BackfillBody, *, idempotency_key: str | None = None
    ) -> types.BackfillPlan:
        """Fire past slots, by its key."""
        answer: types.BackfillPlan = await self._client.call(
            "POST",
            "/schedules/by-key/{key}/backfill",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    async def explain_by_key(self, key: str, *, at: str | None = None) -> types.Explanation:
        """Why it fired, or did not, by its key."""
        answer: types.Explanation = await self._client.call(
            "GET", "/schedules/by-key/{key}/explain", segments=(key,), query={"at": at}
        )
        return answer

    async def fire_now_by_key(self, key: str, *, idempotency_key: str | None = None) -> types.Fire:
        """Fire once by hand, by its key."""
        answer: types.Fire = await self._client.call(
            "POST",
            "/schedules/by-key/{key}/fire-now",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer

    async def list_fires_by_key(
        self,
        key: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List a schedule's fires, by its key."""
        answer: types.FirePage = await self._client.call(
            "GET",
            "/schedules/by-key/{key}/fires",
            segments=(key,),
            query={"kind": kind, "limit": limit, "cursor": cursor, "total": total},
        )
        return answer

    def list_fires_by_key_all(
        self,
        key: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Fire]:
        """List a schedule's fires, by its key All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules/by-key/{key}/fires", (key,), {"kind": kind, "limit": limit, "total": total}
        )

    async def ledger_by_key(
        self, key: str, *, from_: str | None = None, to: str | None = None, limit: int | None = None
    ) -> types.Ledger:
        """Account for every slot, by its key."""
        answer: types.Ledger = await self._client.call(
            "GET",
            "/schedules/by-key/{key}/ledger",
            segments=(key,),
            query={"from": from_, "to": to, "limit": limit},
        )
        return answer

    async def pause_by_key(
        self, key: str, body: types.PauseBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Stop its clock, for good or until an instant, by its key."""
        answer: types.Schedule = await self._client.call(
            "POST",
            "/schedules/by-key/{key}/pause",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    async def preview_by_key(
        self, key: str, *, count: int | None = None, after: str | None = None
    ) -> types.Preview:
        """What it will do next, by its key."""
        answer: types.Preview = await self._client.call(
            "GET", "/schedules/by-key/{key}/preview", segments=(key,), query={"count": count, "after": after}
        )
        return answer

    async def resume_by_key(
        self, key: str, body: types.ResumeBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Let its clock go on from now, by its key."""
        answer: types.Schedule = await self._client.call(
            "POST",
            "/schedules/by-key/{key}/resume",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    async def list_versions_by_key(
        self, key: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.VersionPage:
        """List the versions of its definition, the latest first, by its key."""
        answer: types.VersionPage = await self._client.call(
            "GET",
            "/schedules/by-key/{key}/versions",
            segments=(key,),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    def list_versions_by_key_all(
        self, key: str, *, limit: int | None = None
    ) -> AsyncIterator[types.ListedVersion]:
        """List the versions of its definition, the latest first, by its key All pages, item by item; `limit`
        is the size of a page.
        """
        return self._client.pages("/schedules/by-key/{key}/versions", (key,), {"limit": limit})

    async def get_version_by_key(self, key: str, number: str) -> types.Version:
        """Get one version of its definition, by its key."""
        answer: types.Version = await self._client.call(
            "GET",
            "/schedules/by-key/{key}/versions/{number}",
            segments=(
                key,
                number,
            ),
        )
        return answer

    async def list_windows_by_key(self, key: str) -> types.WindowList:
        """List the maintenance windows of the schedule, by its key."""
        answer: types.WindowList = await self._client.call(
            "GET", "/schedules/by-key/{key}/windows", segments=(key,)
        )
        return answer

    async def make_window_by_key(
        self, key: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the schedule again and again, for a time: a maintenance window that recurs, by its
        key.
        """
        answer: types.Window = await self._client.call(
            "POST",
            "/schedules/by-key/{key}/windows",
            segments=(key,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    async def take_back_window_by_key(self, key: str, window: str) -> None:
        """Take back a maintenance window of the schedule; if it holds, it ends now, by its key."""
        await self._client.call(
            "DELETE",
            "/schedules/by-key/{key}/windows/{window}",
            segments=(
                key,
                window,
            ),
        )

    async def preview_unsaved(self, body: types.PreviewBody) -> types.Preview:
        """Preview without saving."""
        answer: types.Preview = await self._client.call("POST", "/schedules/preview", body=body)
        return answer

    async def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a schedule; its ledger, explanations, fires and runs stay."""
        await self._client.call("DELETE", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match})

    async def get(self, id: str) -> types.Schedule:
        """Get a schedule."""
        answer: types.Schedule = await self._client.call("GET", "/schedules/{id}", segments=(id,))
        return answer

    async def update(
        self, id: str, body: types.SchedulePatch, *, if_match: str | None = None
    ) -> types.Schedule:
        """Change a schedule (merge patch)."""
        answer: types.Schedule = await self._client.call(
            "PATCH", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def replace(
        self, id: str, body: types.ScheduleBody, *, if_match: str | None = None
    ) -> types.Schedule:
        """Replace a schedule."""
        answer: types.Schedule = await self._client.call(
            "PUT", "/schedules/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def backfill(
        self, id: str, body: types.BackfillBody, *, idempotency_key: str | None = None
    ) -> types.BackfillPlan:
        """Fire past slots."""
        answer: types.BackfillPlan = await self._client.call(
            "POST",
            "/schedules/{id}/backfill",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    async def explain(self, id: str, *, at: str | None = None) -> types.Explanation:
        """Why it fired, or did not."""
        answer: types.Explanation = await self._client.call(
            "GET", "/schedules/{id}/explain", segments=(id,), query={"at": at}
        )
        return answer

    async def fire_now(self, id: str, *, idempotency_key: str | None = None) -> types.Fire:
        """Fire once by hand."""
        answer: types.Fire = await self._client.call(
            "POST",
            "/schedules/{id}/fire-now",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            takes_key=True,
        )
        return answer

    async def list_fires(
        self,
        id: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.FirePage:
        """List a schedule's fires."""
        answer: types.FirePage = await self._client.call(
            "GET",
            "/schedules/{id}/fires",
            segments=(id,),
            query={"kind": kind, "limit": limit, "cursor": cursor, "total": total},
        )
        return answer

    def list_fires_all(
        self,
        id: str,
        *,
        kind: Literal["clock", "manual", "backfill"] | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Fire]:
        """List a schedule's fires All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/schedules/{id}/fires", (id,), {"kind": kind, "limit": limit, "total": total}
        )

    async def ledger(
        self, id: str, *, from_: str | None = None, to: str | None = None, limit: int | None = None
    ) -> types.Ledger:
        """Account for every slot."""
        answer: types.Ledger = await self._client.call(
            "GET", "/schedules/{id}/ledger", segments=(id,), query={"from": from_, "to": to, "limit": limit}
        )
        return answer

    async def pause(
        self, id: str, body: types.PauseBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Stop its clock, for good or until an instant."""
        answer: types.Schedule = await self._client.call(
            "POST", "/schedules/{id}/pause", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def preview(self, id: str, *, count: int | None = None, after: str | None = None) -> types.Preview:
        """What it will do next."""
        answer: types.Preview = await self._client.call(
            "GET", "/schedules/{id}/preview", segments=(id,), query={"count": count, "after": after}
        )
        return answer

    async def resume(
        self, id: str, body: types.ResumeBody | None = None, *, if_match: str | None = None
    ) -> types.Schedule:
        """Let its clock go on from now."""
        answer: types.Schedule = await self._client.call(
            "POST", "/schedules/{id}/resume", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def list_versions(
        self, id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.VersionPage:
        """List the versions of its definition, the latest first."""
        answer: types.VersionPage = await self._client.call(
            "GET", "/schedules/{id}/versions", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_versions_all(self, id: str, *, limit: int | None = None) -> AsyncIterator[types.ListedVersion]:
        """List the versions of its definition, the latest first All pages, item by item; `limit` is the size
        of a page.
        """
        return self._client.pages("/schedules/{id}/versions", (id,), {"limit": limit})

    async def get_version(self, id: str, number: str) -> types.Version:
        """Get one version of its definition."""
        answer: types.Version = await self._client.call(
            "GET",
            "/schedules/{id}/versions/{number}",
            segments=(
                id,
                number,
            ),
        )
        return answer

    async def list_windows(self, id: str) -> types.WindowList:
        """List the maintenance windows of the schedule."""
        answer: types.WindowList = await self._client.call("GET", "/schedules/{id}/windows", segments=(id,))
        return answer

    async def make_window(
        self, id: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the schedule again and again, for a time: a maintenance window that recurs."""
        answer: types.Window = await self._client.call(
            "POST",
            "/schedules/{id}/windows",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    async def take_back_window(self, id: str, window: str) -> None:
        """Take back a maintenance window of the schedule; if it holds, it ends now."""
        await self._client.call(
            "DELETE",
            "/schedules/{id}/windows/{window}",
            segments=(
                id,
                window,
            ),
        )


class AsyncSecrets:
    """The operations of `secrets`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def rotate(self) -> types.RotatedSecrets:
        """Encrypt all stored secrets with a new key (workspaces:admin)."""
        answer: types.RotatedSecrets = await self._client.call("POST", "/secrets/rotate")
        return answer


class AsyncTables:
    """The operations of `tables`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self) -> types.TableList:
        """List embedded tables."""
        answer: types.TableList = await self._client.call("GET", "/tables")
        return answer

    async def create(self, body: types.TableBody) -> types.Table:
        """Make an embedded table."""
        answer: types.Table = await self._client.call("POST", "/tables", body=body)
        return answer

    async def get(self, database: str, table: str) -> types.Table:
        """Describe an embedded table."""
        answer: types.Table = await self._client.call(
            "GET",
            "/tables/{database}/{table}",
            segments=(
                database,
                table,
            ),
        )
        return answer

    async def rows(
        self, database: str, table: str, *, limit: int | None = None, after: int | None = None
    ) -> types.TableRows:
        """Rows, in the order they were made."""
        answer: types.TableRows = await self._client.call(
            "GET",
            "/tables/{database}/{table}/rows",
            segments=(
                database,
                table,
            ),
            query={"limit": limit, "after": after},
        )
        return answer


class AsyncTargets:
    """The operations of `targets`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self,
        *,
        kind: Literal["automation", "workflow", "function", "agent", "tool", "table"] | None = None,
        state: str | None = None,
        key: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> types.TargetPage:
        """List targets."""
        answer: types.TargetPage = await self._client.call(
            "GET",
            "/targets",
            query={
                "kind": kind,
                "state": state,
                "key": key,
                "search": search,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )
        return answer

    def list_all(
        self,
        *,
        kind: Literal["automation", "workflow", "function", "agent", "tool", "table"] | None = None,
        state: str | None = None,
        key: str | None = None,
        search: str | None = None,
        limit: int | None = None,
        total: bool | None = None,
    ) -> AsyncIterator[types.Target]:
        """List targets All pages, item by item; `limit` is the size of a page."""
        return self._client.pages(
            "/targets",
            (),
            {"kind": kind, "state": state, "key": key, "search": search, "limit": limit, "total": total},
        )

    async def create(self, body: types.TargetBody, *, idempotency_key: str | None = None) -> types.NewTarget:
        """Make a target."""
        answer: types.NewTarget = await self._client.call(
            "POST", "/targets", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    async def delete_by_key(self, key: str, *, if_match: str | None = None) -> None:
        """Delete a target, by its key."""
        await self._client.call(
            "DELETE", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match}
        )

    async def get_by_key(self, key: str) -> types.TargetInFull:
        """Get a target by id, key or number, with how its runs stand (lane), by its key."""
        answer: types.TargetInFull = await self._client.call("GET", "/targets/by-key/{key}", segments=(key,))
        return answer

    async def update_by_key(
        self, key: str, body: types.TargetPatch, *, if_match: str | None = None
    ) -> types.Target:
        """Change a target (merge patch), by its key."""
        answer: types.Target = await self._client.call(
            "PATCH", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def put_by_key(
        self, key: str, body: types.TargetBody, *, if_match: str | None = None
    ) -> types.NewTarget:
        """Make or replace a target by key."""
        answer: types.NewTarget = await self._client.call(
            "PUT", "/targets/by-key/{key}", segments=(key,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def disable_by_key(self, key: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target off, by its key."""
        answer: types.Target = await self._client.call(
            "POST", "/targets/by-key/{key}/disable", segments=(key,), headers={"If-Match": if_match}
        )
        return answer

    async def enable_by_key(self, key: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target on, by its key."""
        answer: types.Target = await self._client.call(
            "POST", "/targets/by-key/{key}/enable", segments=(key,), headers={"If-Match": if_match}
        )
        return answer

    async def rotate_secret_by_key(
        self, key: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewTarget:
        """Make a new signing secret, by its key."""
        answer: types.NewTarget = await self._client.call(
            "POST",
            "/targets/by-key/{key}/rotate-secret",
            segments=(key,),
            headers={"If-Match": if_match},
            body=body,
        )
        return answer

    async def list_shares_by_key(
        self, key: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SharePage:
        """List the workspaces with which a target is shared, by its key."""
        answer: types.SharePage = await self._client.call(
            "GET", "/targets/by-key/{key}/shares", segments=(key,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_by_key_all(self, key: str, *, limit: int | None = None) -> AsyncIterator[types.Share]:
        """List the workspaces with which a target is shared, by its key All pages, item by item; `limit` is
        the size of a page.
        """
        return self._client.pages("/targets/by-key/{key}/shares", (key,), {"limit": limit})

    async def unshare_by_key(self, key: str, workspace: str) -> None:
        """Share a target with a workspace no longer (workspaces:admin), by its key."""
        await self._client.call(
            "DELETE",
            "/targets/by-key/{key}/shares/{workspace}",
            segments=(
                key,
                workspace,
            ),
        )

    async def share_by_key(
        self, key: str, workspace: str, body: types.ShareBody | None = None
    ) -> types.Share:
        """Share a target with another workspace (workspaces:admin), by its key."""
        answer: types.Share = await self._client.call(
            "PUT",
            "/targets/by-key/{key}/shares/{workspace}",
            segments=(
                key,
                workspace,
            ),
            body=body,
        )
        return answer

    async def test_by_key(self, key: str, body: types.TargetTestBody | None = None) -> types.TriedCall:
        """Call a target once, and show what was sent and answered, by its key."""
        answer: types.TriedCall = await self._client.call(
            "POST", "/targets/by-key/{key}/test", segments=(key,), body=body
        )
        return answer

    async def delete(self, ref: str, *, if_match: str | None = None) -> None:
        """Delete a target."""
        await self._client.call("DELETE", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match})

    async def get(self, ref: str) -> types.TargetInFull:
        """Get a target by id, key or number, with how its runs stand (lane)."""
        answer: types.TargetInFull = await self._client.call("GET", "/targets/{ref}", segments=(ref,))
        return answer

    async def update(self, ref: str, body: types.TargetPatch, *, if_match: str | None = None) -> types.Target:
        """Change a target (merge patch)."""
        answer: types.Target = await self._client.call(
            "PATCH", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def replace(self, ref: str, body: types.TargetBody, *, if_match: str | None = None) -> types.Target:
        """Replace a target."""
        answer: types.Target = await self._client.call(
            "PUT", "/targets/{ref}", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def disable(self, ref: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target off."""
        answer: types.Target = await self._client.call(
            "POST", "/targets/{ref}/disable", segments=(ref,), headers={"If-Match": if_match}
        )
        return answer

    async def enable(self, ref: str, *, if_match: str | None = None) -> types.Target:
        """Switch a target on."""
        answer: types.Target = await self._client.call(
            "POST", "/targets/{ref}/enable", segments=(ref,), headers={"If-Match": if_match}
        )
        return answer

    async def rotate_secret(
        self, ref: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewTarget:
        """Make a new signing secret."""
        answer: types.NewTarget = await self._client.call(
            "POST", "/targets/{ref}/rotate-secret", segments=(ref,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def list_shares(
        self, ref: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.SharePage:
        """List the workspaces with which a target is shared."""
        answer: types.SharePage = await self._client.call(
            "GET", "/targets/{ref}/shares", segments=(ref,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_shares_all(self, ref: str, *, limit: int | None = None) -> AsyncIterator[types.Share]:
        """List the workspaces with which a target is shared All pages, item by item; `limit` is the size of a
        page.
        """
        return self._client.pages("/targets/{ref}/shares", (ref,), {"limit": limit})

    async def unshare(self, ref: str, workspace: str) -> None:
        """Share a target with a workspace no longer (workspaces:admin)."""
        await self._client.call(
            "DELETE",
            "/targets/{ref}/shares/{workspace}",
            segments=(
                ref,
                workspace,
            ),
        )

    async def share(self, ref: str, workspace: str, body: types.ShareBody | None = None) -> types.Share:
        """Share a target with another workspace (workspaces:admin)."""
        answer: types.Share = await self._client.call(
            "PUT",
            "/targets/{ref}/shares/{workspace}",
            segments=(
                ref,
                workspace,
            ),
            body=body,
        )
        return answer

    async def test(self, ref: str, body: types.TargetTestBody | None = None) -> types.TriedCall:
        """Call a target once, and show what was sent and answered."""
        answer: types.TriedCall = await self._client.call(
            "POST", "/targets/{ref}/test", segments=(ref,), body=body
        )
        return answer


class AsyncWebhooks:
    """The operations of `webhooks`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(self, *, limit: int | None = None, cursor: str | None = None) -> types.WebhookPage:
        """List webhooks (events:read)."""
        answer: types.WebhookPage = await self._client.call(
            "GET", "/webhooks", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_all(self, *, limit: int | None = None) -> AsyncIterator[types.Webhook]:
        """List webhooks (events:read) All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/webhooks", (), {"limit": limit})

    async def create(
        self, body: types.WebhookBody, *, idempotency_key: str | None = None
    ) -> types.NewWebhook:
        """Make a webhook (events:write)."""
        answer: types.NewWebhook = await self._client.call(
            "POST", "/webhooks", headers={"Idempotency-Key": idempotency_key}, body=body, takes_key=True
        )
        return answer

    async def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a webhook (events:write)."""
        await self._client.call("DELETE", "/webhooks/{id}", segments=(id,), headers={"If-Match": if_match})

    async def get(self, id: str) -> types.Webhook:
        """Get a webhook (events:read)."""
        answer: types.Webhook = await self._client.call("GET", "/webhooks/{id}", segments=(id,))
        return answer

    async def update(
        self, id: str, body: types.WebhookPatch, *, if_match: str | None = None
    ) -> types.Webhook:
        """Change a webhook, or switch it on or off (events:write)."""
        answer: types.Webhook = await self._client.call(
            "PATCH", "/webhooks/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    async def deliveries(
        self, id: str, *, state: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> types.DeliveryPage:
        """List what became of the events that were sent, the latest first (events:read)."""
        answer: types.DeliveryPage = await self._client.call(
            "GET",
            "/webhooks/{id}/deliveries",
            segments=(id,),
            query={"state": state, "limit": limit, "cursor": cursor},
        )
        return answer

    def deliveries_all(
        self, id: str, *, state: str | None = None, limit: int | None = None
    ) -> AsyncIterator[types.Delivery]:
        """List what became of the events that were sent, the latest first (events:read) All pages, item by
        item; `limit` is the size of a page.
        """
        return self._client.pages("/webhooks/{id}/deliveries", (id,), {"state": state, "limit": limit})

    async def replay(self, id: str, body: types.ReplayBody) -> types.Replayed:
        """Send events once more, from one on or from an instant on (events:write)."""
        answer: types.Replayed = await self._client.call(
            "POST", "/webhooks/{id}/replay", segments=(id,), body=body
        )
        return answer

    async def rotate_secret(
        self, id: str, body: types.SecretRotationBody | None = None, *, if_match: str | None = None
    ) -> types.NewWebhook:
        """Give a webhook another signing secret (events:write)."""
        answer: types.NewWebhook = await self._client.call(
            "POST", "/webhooks/{id}/rotate-secret", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer


class AsyncWorkspaces:
    """The operations of `workspaces`."""

    def __init__(self, client: AsyncHorarium) -> None:
        self._client = client

    async def list(
        self, *, limit: int | None = None, cursor: str | None = None, deleted: bool | None = None
    ) -> types.WorkspacePage:
        """List workspaces."""
        answer: types.WorkspacePage = await self._client.call(
            "GET", "/workspaces", query={"limit": limit, "cursor": cursor, "deleted": deleted}
        )
        return answer

    def list_all(
        self, *, limit: int | None = None, deleted: bool | None = None
    ) -> AsyncIterator[types.Workspace]:
        """List workspaces All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/workspaces", (), {"limit": limit, "deleted": deleted})

    async def create(self, body: types.WorkspaceBody) -> types.NewWorkspace:
        """Make a workspace."""
        answer: types.NewWorkspace = await self._client.call("POST", "/workspaces", body=body)
        return answer

    async def delete(self, id: str, *, days: int | None = None) -> types.Workspace:
        """Delete a workspace: at once nothing of it works, and later it is gone (workspaces:admin)."""
        answer: types.Workspace = await self._client.call(
            "DELETE", "/workspaces/{id}", segments=(id,), query={"days": days}
        )
        return answer

    async def get(self, id: str) -> types.WorkspaceInFull:
        """Get a workspace (or `current`)."""
        answer: types.WorkspaceInFull = await self._client.call("GET", "/workspaces/{id}", segments=(id,))
        return answer

    async def update(
        self, id: str, body: types.WorkspacePatch, *, if_match: str | None = None
    ) -> types.Workspace:
        """Change a workspace."""
        answer: types.Workspace = await self._client.call(
            "PATCH", "/workspaces/{id}", segments=(id,), headers={"If-Match": if_match}, body=body
        )
        return answer

    def export(self, id: str) -> AsyncIterator[types.ExportLine]:
        """Export everything that a workspace holds (NDJSON, a line for each thing; every scope that reads)."""
        return self._client.read_lines("/workspaces/{id}/export", (id,), {})

    async def pause(self, id: str, body: types.WorkspacePauseBody | None = None) -> types.Pause:
        """Stop the clock of all its schedules, now or later, until it is resumed or until an instant."""
        answer: types.Pause = await self._client.call(
            "POST", "/workspaces/{id}/pause", segments=(id,), body=body
        )
        return answer

    async def list_pauses(
        self, id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> types.PausePage:
        """List its pauses, those that began last first."""
        answer: types.PausePage = await self._client.call(
            "GET", "/workspaces/{id}/pauses", segments=(id,), query={"limit": limit, "cursor": cursor}
        )
        return answer

    def list_pauses_all(self, id: str, *, limit: int | None = None) -> AsyncIterator[types.Pause]:
        """List its pauses, those that began last first All pages, item by item; `limit` is the size of a page."""
        return self._client.pages("/workspaces/{id}/pauses", (id,), {"limit": limit})

    async def take_back_pause(self, id: str, pause: str) -> None:
        """Take back a pause that is planned and has not begun."""
        await self._client.call(
            "DELETE",
            "/workspaces/{id}/pauses/{pause}",
            segments=(
                id,
                pause,
            ),
        )

    async def resume(self, id: str, body: types.WorkspaceResumeBody | None = None) -> types.Pause:
        """Let the clock of its schedules go on from now."""
        answer: types.Pause = await self._client.call(
            "POST", "/workspaces/{id}/resume", segments=(id,), body=body
        )
        return answer

    async def undelete(self, id: str) -> types.Workspace:
        """Have a deleted workspace back (workspaces:admin)."""
        answer: types.Workspace = await self._client.call("POST", "/workspaces/{id}/undelete", segments=(id,))
        return answer

    async def list_windows(self, id: str) -> types.WindowList:
        """List the maintenance windows of the workspace."""
        answer: types.WindowList = await self._client.call("GET", "/workspaces/{id}/windows", segments=(id,))
        return answer

    async def make_window(
        self, id: str, body: types.WindowBody, *, idempotency_key: str | None = None
    ) -> types.Window:
        """Stop the clock of the workspace again and again, for a time: a maintenance window that recurs."""
        answer: types.Window = await self._client.call(
            "POST",
            "/workspaces/{id}/windows",
            segments=(id,),
            headers={"Idempotency-Key": idempotency_key},
            body=body,
            takes_key=True,
        )
        return answer

    async def take_back_window(self, id: str, window: str) -> None:
        """Take back a maintenance window of the workspace; if it holds, it ends now."""
        await self._client.call(
            "DELETE",
            "/workspaces/{id}/windows/{window}",
            segments=(
                id,
                window,
            ),
        )


class AsyncResources:
    """All resources of the API."""

    def __init__(self, client: AsyncHorarium) -> None:
        self.home = AsyncHome(client)
        self.actions = AsyncActions(client)
        self.audiences = AsyncAudiences(client)
        self.audit = AsyncAudit(client)
        self.directory = AsyncDirectory(client)
        self.erasures = AsyncErasures(client)
        self.events = AsyncEvents(client)
        self.fires = AsyncFires(client)
        self.health = AsyncHealth(client)
        self.keys = AsyncKeys(client)
        self.ledger = AsyncLedger(client)
        self.me = AsyncMe(client)
        self.principals = AsyncPrincipals(client)
        self.runs = AsyncRuns(client)
        self.schedules = AsyncSchedules(client)
        self.secrets = AsyncSecrets(client)
        self.tables = AsyncTables(client)
        self.targets = AsyncTargets(client)
        self.webhooks = AsyncWebhooks(client)
        self.workspaces = AsyncWorkspaces(client)
