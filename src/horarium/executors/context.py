"""The context: the JSON object that tells a target about its run. It is the same for every executor.

    {"run": {"id": "run_...", "kind": "clock", "fire": "fire_...", "row_key": ""},
     "schedule": {"id": "sch_...", "name": "Nightly", "timezone": "Europe/Paris"} or null,
     "slot": "2026-03-08T13:00:00Z" or null, "due": "2026-03-08T13:00:07Z" or null,
     "missed": {"count": 3, "first": "...", "last": "..."} or null,
     "attempt": 1, "input": ..., "row": ...,
     "variation": {"id": "variation_...", "name": "Brief", "spec": {...}},
     "target": {"id": "tgt_...", "name": "Report"}, "workspace": {"id": "ws_..."},
     "callback": {"url": "https://.../horarium/v1/runs/run_...", "token": "..."}}

`variation` is present only if the target has variations. `callback` is present only if the target may finish the
run later: then it sends a POST to url + "/complete", "/fail" or "/heartbeat", with the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from multidict import istr

from horarium.domain.execution import Call
from horarium.domain.ids import Id, prefixed, uuid_text
from horarium.domain.run import Missed
from horarium.times import held_ms

RUNS_PATH = "/horarium/v1/runs/"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Many runs share the same schedule, target and workspace. The texts of those ids are cached.
shared_id = lru_cache(maxsize=8192)(prefixed)


@lru_cache(maxsize=8192)
def instant_text(time_ms: int) -> str:
    """An instant in RFC 3339 and UTC, from milliseconds since the epoch. Milliseconds of 0 are not written."""
    moment = _EPOCH + timedelta(milliseconds=held_ms(time_ms))
    return moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


def run_text(run_id: Id) -> str:
    """The run's id as targets see it. It is also the idempotency key of all attempts of the run."""
    return prefixed("run", run_id)


def run_label(run: str) -> str:
    """A run's id, as targets see it, in the form of a DNS label."""
    return run.lower().replace("_", "-")


def _fire_text(call: Call, run: str) -> str:
    """The id of the call's fire. That of a fire without audience is the id of its only run with another prefix."""
    if call.fire_id == call.run_id:
        return "fire_" + run.removeprefix("run_")
    return shared_id("fire", call.fire_id or b"")


def context_of(call: Call, run: str, public_url: str | None = None) -> dict[str, Any]:
    """The context of a call, in the shape shown above.

    `run` is `run_text(call.run_id)`. The caller passes it because it needs this text too.
    """
    slot = None if call.slot_ms is None else instant_text(call.slot_ms)
    context: dict[str, Any] = {
        "run": {
            "id": run,
            "kind": call.kind,
            "fire": None if call.fire_id is None else _fire_text(call, run),
            "row_key": call.row_key,
        },
        "schedule": None
        if call.schedule_id is None
        else {
            "id": shared_id("sch", call.schedule_id),
            "name": call.schedule_name,
            "timezone": call.timezone,
        },
        "slot": slot,
        "due": slot if call.due_ms is None else instant_text(call.due_ms),
        "missed": None if call.missed is None else _missed(call.missed),
        "attempt": call.attempt,
        "input": call.input,
        "row": call.row,
        "target": {"id": shared_id("tgt", call.target_id), "name": call.target_name},
        "workspace": {"id": shared_id("ws", call.workspace_id)},
    }
    if call.variation is not None:
        context["variation"] = call.variation
    if call.callback_token is not None:
        context["callback"] = {"url": callback_url(call, run, public_url), "token": call.callback_token}
    return context


def _missed(missed: Missed) -> dict[str, Any]:
    return {
        "count": missed.count,
        "first": instant_text(missed.first_ms),
        "last": instant_text(missed.last_ms),
    }


def callback_url(call: Call, run: str, public_url: str | None) -> str:
    """The URL at which the target finishes the run. Only a path if the server does not know its public address."""
    return (call.callback_base or public_url or "").rstrip("/") + RUNS_PATH + run


# What a request or a message is about. The spelling of headers is prepared once, because every request needs them.
_WORKSPACE, _TARGET, _SCHEDULE, _FIRE, _RUN, _ATTEMPT, _SLOT = (
    istr(f"Horarium-{name}") for name in ("Workspace", "Target", "Schedule", "Fire", "Run", "Attempt", "Slot")
)
_CALLBACK_URL, _CALLBACK_TOKEN = istr("Horarium-Callback-Url"), istr("Horarium-Callback-Token")


def add_identity(headers: dict[str, str], call: Call, run: str, public_url: str | None) -> None:
    """Add the headers that tell what a request or a message is about, so that a receiver can choose the secret to
    verify it with before it reads the body. Where the target may finish the run, also the address and the token for
    that."""
    headers[_WORKSPACE], headers[_TARGET] = (
        shared_id("ws", call.workspace_id),
        shared_id("tgt", call.target_id),
    )
    headers[_RUN], headers[_ATTEMPT] = run, str(call.attempt)
    if call.schedule_id is not None:
        headers[_SCHEDULE] = shared_id("sch", call.schedule_id)
    if call.fire_id is not None:
        headers[_FIRE] = _fire_text(call, run)
    if call.slot_ms is not None:
        headers[_SLOT] = instant_text(call.slot_ms)
    if call.callback_token is not None:
        headers[_CALLBACK_URL] = callback_url(call, run, public_url)
        headers[_CALLBACK_TOKEN] = call.callback_token


def template_values(call: Call, context: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The values that placeholders can use: the context, the target's named secrets and the run's environment. And
    the id of the run as other systems spell theirs: `run.label` as a DNS label, for names that may have neither
    capitals nor underscores, and `run.uuid` as a UUID."""
    run = context["run"]
    return {
        **context,
        "run": {**run, "label": run_label(run["id"]), "uuid": uuid_text(call.run_id)},
        "callback": context.get("callback"),
        "variation": context.get("variation"),
        "secrets": secrets,
        "environment": call.environment,
    }
