"""`horarium schedule ...`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from horarium.cli.client import (
    Afterwards,
    AsJson,
    ByKey,
    Data,
    Key,
    Limit,
    OfTarget,
    PauseEnd,
    Url,
    connect,
    filters,
    from_json,
    only_given,
    pairs,
    reference,
    up_to,
)
from horarium.cli.output import Column, at, short_time, show_list, show_one

schedules = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("NAME", "name"),
    ("STATE", "state"),
    ("RECURRENCE", "recurrence"),
    ("ZONE", "timezone"),
    ("NEXT FIRE", at("next_fire_at")),
    ("LAST", "last_state"),
    ("FIRES", lambda schedule: schedule["counts"]["fires"]),
)
LEDGER: tuple[Column, ...] = (
    ("SLOT", lambda entry: short_time(entry.get("slot_at") or entry.get("first_at"))),
    ("TO", at("last_at")),
    ("COUNT", lambda entry: entry.get("count", 1)),
    ("ENTRY", lambda entry: entry.get("state") or entry.get("reason")),
    ("FIRED", at("fired_at")),
    ("ERROR", "error"),
)
FIRES: tuple[Column, ...] = (
    ("ID", "id"),
    ("KIND", "kind"),
    ("SLOT", at("slot_at")),
    ("FIRED", at("fired_at")),
    ("STATE", "state"),
    ("RUNS", "runs"),
    ("FAILED", "failed"),
    ("ERROR", "error"),
)
NEXT: tuple[Column, ...] = (("AT", at("at")), ("LOCAL", "local"), ("NOTE", "note"))
Id = Annotated[str, typer.Argument(help="Id of a schedule.")]
TimeZone = Annotated[str | None, typer.Option("--timezone", "-z", help="IANA time zone.")]
Input = Annotated[
    str | None, typer.Option("--input", help="JSON that is given to the runs; @FILE reads it from a file.")
]
PolicyJson = Annotated[str | None, typer.Option(help="Policies, as a JSON object.")]


@schedules.command("list")
def list_schedules(
    state: Annotated[str | None, typer.Option(help="active, paused, completed or archived.")] = None,
    target: OfTarget = None,
    search: Annotated[str | None, typer.Option(help="Part of the name, the key or the input.")] = None,
    own_key: Annotated[
        str | None, typer.Option("--as", help="Only the one with this key of your own.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="name=value; repeatable.")] = None,
    dialect: Annotated[str | None, typer.Option(help="Only schedules made through this dialect.")] = None,
    key_prefix: Annotated[str | None, typer.Option(help="How the key of your own begins.")] = None,
    next_before: Annotated[
        str | None, typer.Option(help="Only those that fire next before this instant.")
    ] = None,
    last_state: Annotated[
        str | None, typer.Option(help="How the last fire ended, or stands: completed, failed, running, ...")
    ] = None,
    failing: Annotated[
        bool | None, typer.Option("--failing/--not-failing", help="Whether the latest fire has failed.")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="desc, asc, name, -name, next_fire or last_fire.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List schedules, newest first where --sort says nothing else."""
    found = up_to(
        limit,
        connect(url, key, data).schedules.list_all,
        state=state,
        target=target,
        search=search,
        key=own_key,
        label=filters(label, "--label"),
        dialect=dialect,
        key_prefix=key_prefix,
        next_fire_before=next_before,
        last_state=last_state,
        failing=failing,
        sort=sort,
    )
    show_list(found, COLUMNS, as_json)


@schedules.command("show")
def show(
    schedule: Id,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show a schedule, in words and with its next fires."""
    client = connect(url, key, data).schedules
    show_one((client.get_by_key if by_key else client.get)(schedule), as_json)


@schedules.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name for people.")],
    recurrence: Annotated[str, typer.Argument(help='"0 9 * * 1-5", or a JSON object.')],
    target: Annotated[str, typer.Option(help="Id, key or number of a target.")],
    timezone: TimeZone = None,
    input_: Input = None,
    audience: Annotated[
        str | None,
        typer.Option(
            help='One run for each row of it: JSON such as {"type": "contacts"}; @FILE reads a file.'
        ),
    ] = None,
    start: Annotated[str | None, typer.Option(help="Nothing fires before this instant.")] = None,
    end: Annotated[str | None, typer.Option(help="Nothing fires after this instant.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="name=value; repeatable.")] = None,
    policies: PolicyJson = None,
    own_key: Annotated[str | None, typer.Option("--as", help="A key of your own choice.")] = None,
    paused: Annotated[
        bool, typer.Option("--paused", help="Make it paused: it does not fire until it is resumed.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a schedule."""
    body: Any = {
        "name": name,
        "recurrence": _recurrence(recurrence),
        "target": reference(target),
        "timezone": timezone,
        "input": from_json(input_, "--input"),
        "audience": from_json(audience, "--audience"),
        "start_at": start,
        "end_at": end,
        "labels": pairs(label, "--label"),
        "key": own_key,
        "policies": from_json(policies, "--policies"),
        "paused": paused,
    }
    show_one(connect(url, key, data).schedules.create(body), as_json)


@schedules.command("set")
def change(
    schedule: Id,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    recurrence: Annotated[str | None, typer.Option(help='"0 9 * * 1-5", or a JSON object.')] = None,
    target: Annotated[str | None, typer.Option(help="Id, key or number of a target.")] = None,
    timezone: TimeZone = None,
    input_: Input = None,
    audience: Annotated[
        str | None, typer.Option(help="One run for each row of it: JSON; @FILE reads a file.")
    ] = None,
    start: Annotated[str | None, typer.Option(help='Nothing fires before this instant; "" for none.')] = None,
    end: Annotated[str | None, typer.Option(help='Nothing fires after this instant; "" for none.')] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="name=value, or name= to take it away; repeatable.")
    ] = None,
    policies: PolicyJson = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Change a schedule. What is not given stays as it is: JSON objects are merged with what is stored, and null takes
    away."""
    body: Any = only_given(name=name, target=reference(target), timezone=timezone)
    if recurrence is not None:
        body["recurrence"] = _recurrence(recurrence)
    given = {
        "input": (input_, "--input"),
        "audience": (audience, "--audience"),
        "policies": (policies, "--policies"),
    }
    body |= {field: from_json(text, option) for field, (text, option) in given.items() if text is not None}
    body |= {
        field: text or None for field, text in (("start_at", start), ("end_at", end)) if text is not None
    }
    if label:
        body["labels"] = {name: value or None for name, value in pairs(label, "--label").items()}
    client = connect(url, key, data).schedules
    show_one((client.update_by_key if by_key else client.update)(schedule, body), as_json)


@schedules.command("pause")
def pause(
    schedule: Id,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    until: PauseEnd = None,
    catch_up: Afterwards = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Pause a schedule: it does not fire until it is resumed, or until an instant."""
    body: Any = only_given(note=note, until=until, catch_up=catch_up)
    client = connect(url, key, data).schedules
    show_one((client.pause_by_key if by_key else client.pause)(schedule, body), as_json)


@schedules.command("resume")
def resume(
    schedule: Id,
    catch_up: Afterwards = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Resume a schedule, which fires again from now on."""
    body: Any = {"catch_up": catch_up}
    client = connect(url, key, data).schedules
    show_one((client.resume_by_key if by_key else client.resume)(schedule, body), as_json)


@schedules.command("delete")
def delete(schedule: Id, by_key: ByKey = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Delete a schedule; its ledger, explanations, fires and runs stay."""
    client = connect(url, key, data).schedules
    (client.delete_by_key if by_key else client.delete)(schedule)
    typer.echo("deleted")


@schedules.command("fire")
def fire(
    schedule: Id,
    once: Annotated[
        str | None,
        typer.Option(help="Any text; repeated within a day with the same text, the command fires only once."),
    ] = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Fire a schedule once, now."""
    client = connect(url, key, data).schedules
    fired = (client.fire_now_by_key if by_key else client.fire_now)(schedule, idempotency_key=once or None)
    show_one(fired, as_json)


@schedules.command("backfill")
def backfill(
    schedule: Id,
    since: Annotated[str, typer.Option("--from", help="First instant.")],
    until: Annotated[str, typer.Option("--to", help="Last instant.")],
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Fire the slots of a period in the past."""
    client = connect(url, key, data).schedules
    found: Any = (client.backfill_by_key if by_key else client.backfill)(
        schedule, {"from": since, "to": until}
    )
    show_list(found["items"], FIRES, as_json)


@schedules.command("preview")
def preview(
    schedule: Id,
    count: Annotated[int, typer.Option("--count", "-n", help="How many fires.")] = 5,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show what a schedule will do next."""
    client = connect(url, key, data).schedules
    found: Any = (client.preview_by_key if by_key else client.preview)(schedule, count=count)
    if not as_json:
        typer.echo(found["in_words"])
    show_list(found["next_fires"], NEXT, as_json)


@schedules.command("explain")
def explain(
    schedule: Id,
    instant: Annotated[str, typer.Argument(help="The instant in question (RFC 3339).")],
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Say why a schedule fired at an instant, or why it did not."""
    client = connect(url, key, data).schedules
    show_one((client.explain_by_key if by_key else client.explain)(schedule, at=instant), as_json)


@schedules.command("ledger")
def ledger(
    schedule: Id,
    since: Annotated[str | None, typer.Option("--from", help="First instant.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last instant (default: now).")] = None,
    limit: Limit = 500,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show what became of every slot of a schedule."""
    client = connect(url, key, data).schedules
    list_ledger = client.ledger_by_key if by_key else client.ledger
    found: Any = list_ledger(schedule, from_=since, to=until, limit=limit)
    show_list(found["items"], LEDGER, as_json)


@schedules.command("fires")
def fires(
    schedule: Id,
    limit: Limit = 50,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the fires of a schedule, latest slot first."""
    client = connect(url, key, data).schedules
    found = up_to(limit, client.list_fires_by_key_all if by_key else client.list_fires_all, schedule)
    show_list(found, FIRES, as_json)


def _recurrence(text: str) -> Any:
    """A recurrence as the API takes it: an expression, or an object. Raises Failure."""
    return from_json(text, "the recurrence") if text.startswith("{") else text
