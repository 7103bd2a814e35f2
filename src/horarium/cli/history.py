"""`horarium fires` and `horarium ledger`: what happened in a whole workspace."""

from __future__ import annotations

from typing import Annotated

import typer

from horarium.cli.client import (
    AsJson,
    Data,
    Key,
    Limit,
    OfSchedule,
    OfTarget,
    ScheduleLabel,
    Since,
    Until,
    Url,
    connect,
    filters,
    up_to,
)
from horarium.cli.output import show_list
from horarium.cli.schedules import FIRES, LEDGER


def fires(
    schedule: OfSchedule = None,
    target: OfTarget = None,
    kind: Annotated[str | None, typer.Option(help="clock, manual or backfill.")] = None,
    state: Annotated[
        str | None, typer.Option(help="waiting, resolving, running, completed, partial, failed or cancelled.")
    ] = None,
    label: ScheduleLabel = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the fires of a workspace, latest slot first."""
    found = up_to(
        limit,
        connect(url, key, data).fires.list_all,
        schedule=schedule,
        target=target,
        kind=kind,
        state=state,
        label=filters(label, "--label"),
        from_=since,
        to=until,
    )
    show_list(found, (("SCHEDULE", "schedule"), *FIRES), as_json)


def ledger(
    entry: Annotated[str | None, typer.Option(help="fire or span; both where it is left out.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only slots that did not fire for this reason, such as missed.")
    ] = None,
    schedule: OfSchedule = None,
    label: ScheduleLabel = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 500,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show what became of the slots of a workspace, latest first: what was missed last night?"""
    found = up_to(
        limit,
        connect(url, key, data).ledger.list_all,
        entry=entry,
        reason=reason,
        schedule=schedule,
        label=filters(label, "--label"),
        from_=since,
        to=until,
    )
    show_list(found, (("SCHEDULE", "schedule"), *LEDGER), as_json)
