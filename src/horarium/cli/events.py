"""`horarium events ...`"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, filters, pairs, up_to
from horarium.cli.failure import MISUSED, Failure
from horarium.cli.output import Column, at, show_list, show_one, write_lines
from horarium.cli.plain import plain

if TYPE_CHECKING:
    from horarium_client import HorariumError

events = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("AT", at("at")),
    ("TYPE", "type"),
    ("SCHEDULE", lambda event: _named(event["schedule"])),
    ("TARGET", lambda event: _named(event["target"])),
    ("ID", "id"),
)
WEBHOOK_COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("URL", "url"),
    ("TYPES", lambda webhook: ", ".join(webhook["types"]) or "all"),
    ("STATE", lambda webhook: "enabled" if webhook["enabled"] else webhook["disabled_reason"]),
    ("FAILING SINCE", at("failing_since")),
)
DELIVERY_COLUMNS: tuple[Column, ...] = (
    ("LAST", at("last_at")),
    ("TYPE", "type"),
    ("STATE", "state"),
    ("ATTEMPTS", "attempts"),
    ("STATUS", "status"),
    ("ERROR", "error"),
    ("EVENT", "event"),
)
Type = Annotated[
    str | None, typer.Option("--type", help="A type such as fire.failed, or all of one kind: 'fire.*'.")
]
Label = Annotated[list[str] | None, typer.Option(help="name=value that the schedule carries; repeatable.")]
Schedule = Annotated[str | None, typer.Option(help="Id of a schedule.")]
Hook = Annotated[str, typer.Argument(help="Id of a webhook.")]


def _named(thing: dict[str, Any] | None) -> str | None:
    return None if thing is None else thing["key"] or thing["name"] or thing["id"]


@events.command("list")
def list_events(
    kind: Type = None,
    label: Label = None,
    schedule: Schedule = None,
    since: Annotated[str | None, typer.Option(help="Only what was told at or after this instant.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List events, newest first."""
    list_all = connect(url, key, data).events.list_all
    labels = filters(label, "--label")
    found = up_to(limit, list_all, type=kind, label=labels, schedule=schedule, since=since)
    show_list(found, COLUMNS, as_json)


@events.command("follow")
def follow(
    kind: Type = None,
    label: Label = None,
    schedule: Schedule = None,
    after: Annotated[str | None, typer.Option(help="Id of an event: go on after it.")] = None,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Print events as they happen, one JSON object on a line, until interrupted. A connection that breaks is made anew,
    and goes on after the last event."""
    query = {"type": kind, "label": filters(label, "--label"), "schedule": schedule}
    client = connect(url, key, data)

    def broken(error: HorariumError | None) -> None:
        why = "the server has ended it" if error is None else str(error.__cause__ or error)
        typer.echo(
            f"the connection to {client.url} broke ({why}); going on after the last event once it is back",
            err=True,
        )

    for event in client.follow("/events", query, after, broken):
        write_lines([plain(json.dumps(event, ensure_ascii=False, separators=(",", ":"))).encode()])


@events.command("webhook-add")
def add_webhook(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent.")],
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="A type, or all of one kind; repeatable. Default: all.")
    ] = None,
    label: Label = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Have events sent to a URL; prints the signing secret, which is shown only this once."""
    body: Any = {"url": address, "types": kind, "labels": pairs(label, "--label") or None, "name": name}
    show_one(connect(url, key, data).webhooks.create(body), as_json)


@events.command("webhooks")
def list_webhooks(
    limit: Limit = 100, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """List webhooks."""
    show_list(up_to(limit, connect(url, key, data).webhooks.list_all), WEBHOOK_COLUMNS, as_json)


@events.command("webhook-remove")
def remove_webhook(hook: Hook, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Send nothing to a webhook any more, and forget it."""
    connect(url, key, data).webhooks.delete(hook)


@events.command("deliveries")
def deliveries(
    hook: Hook,
    state: Annotated[str | None, typer.Option(help="delivered, waiting, failed or replayed.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List what became of the events that were sent to a webhook, the latest first."""
    found = up_to(limit, connect(url, key, data).webhooks.deliveries_all, hook, state=state)
    show_list(found, DELIVERY_COLUMNS, as_json)


@events.command("replay")
def replay(
    hook: Hook,
    since: Annotated[
        str | None, typer.Option(help="Send again what was told at or after this instant.")
    ] = None,
    from_event: Annotated[str | None, typer.Option(help="Send again from this event on.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Send events once more to a webhook, in their order and under their ids."""
    if (since is None) is (from_event is None):
        raise Failure("give either --since or --from-event", MISUSED)
    body: Any = {"since": since} if from_event is None else {"from_event": from_event}
    show_one(connect(url, key, data).webhooks.replay(hook, body), as_json)
