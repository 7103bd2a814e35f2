"""`horarium demo`: a server, a receiver of its runs, and schedules that fire within seconds.

Everything is done as a user's software would do it: the server is a process of its own with a temporary database,
the schedules are made through its HTTP API, and the receiver gets the runs as any web hook would.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from horarium.cli.failure import Failure

if TYPE_CHECKING:
    from horarium.cli.connection import Connection
    from horarium.cli.demo_check import Account
    from horarium.cli.demo_world import Receiver

# How long the fires are shown before they are checked.
SHOWN_SECONDS = 10

SETTLE_SECONDS = 15
_UNDER_WAY: tuple[Literal["pending", "running"], ...] = ("pending", "running")
READY_SECONDS = 60


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="Exit when everything has been shown and checked.")
    ] = False,
    seconds: Annotated[
        int, typer.Option(help="How many seconds of fires to show.", min=5, max=600)
    ] = SHOWN_SECONDS,
) -> None:
    """Show schedules firing, account for every slot, and check that nothing is missing or double."""
    from horarium.cli.client import connect
    from horarium.cli.demo_world import Receiver, started_server

    with Receiver() as receiver, started_server() as server:
        typer.echo(
            f"A server at {server.url}, a receiver at {receiver.url}, a database that is deleted afterwards.\n"
        )
        client = connect(server.url, server.key, None)
        _wait_until_ready(client)
        made = _make(client, receiver)
        _watch(receiver, seconds)
        sound = _account(client, receiver, made)
        if not leave:
            _invite(client, receiver, made)
            _watch(receiver, None)
    if not sound:
        raise Failure(
            "the ledger, the runs and the deliveries do not agree; please report this with the output above"
        )


def _wait_until_ready(client: Connection) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            client.health.ready()
            return
        except Failure as failure:
            if time.monotonic() > until:
                raise Failure(f"the server did not come up within {READY_SECONDS} s: {failure}") from None
            time.sleep(0.1)


def _make(client: Connection, receiver: Receiver) -> list[dict[str, Any]]:
    """Make two targets and four schedules by HTTP, and print the schedules."""
    steady: Any = {
        "kind": "function",
        "key": "steady",
        "name": "Steady",
        "executor": _http(f"{receiver.url}/steady"),
    }
    flaky: Any = {
        "kind": "workflow",
        "key": "flaky",
        "name": "Flaky",
        "executor": _http(f"{receiver.url}/flaky"),
    }
    for target in (steady, flaky):
        client.targets.create(target)
    wanted: list[Any] = [
        {"name": "every second", "recurrence": "* * * * * *", "target": "steady", "overlap": "allow"},
        {"name": "in 3 seconds", "recurrence": {"delay": 3}, "target": "steady"},
        {
            "name": "every 5 s (cron)",
            "recurrence": "*/5 * * * * *",
            "timezone": "Europe/Paris",
            "target": "steady",
        },
        {
            "name": "fails twice",
            "recurrence": {"delay": 2},
            "target": "flaky",
            "retry": {"max_attempts": 3, "initial": "500ms"},
        },
    ]
    made: list[Any] = []
    for schedule in wanted:
        schedule["input"] = {"hello": schedule["name"]}
        made.append(client.schedules.create(schedule))
    for schedule in made:
        typer.echo(f"  {schedule['name']:18} {schedule['in_words']}")
    typer.echo("\nFires as they arrive (slot, how long after it, schedule, attempt):")
    return made


def _http(url: str) -> dict[str, Any]:
    return {"type": "http", "url": url}


def _watch(receiver: Receiver, seconds: int | None) -> None:
    """Print what arrives, for some seconds or until interrupted."""
    until = None if seconds is None else time.monotonic() + seconds
    with _interruptible(seconds is None):
        while until is None or time.monotonic() < until:
            for received in receiver.news(0.1):
                late = received.arrived_ms - received.slot_ms
                words = "" if received.status < 300 else f"  answered {received.status}"
                typer.echo(
                    f"  {received.slot[11:19]}  +{late:4} ms  {received.schedule:18} attempt {received.attempt}{words}"
                )


@contextmanager
def _interruptible(allowed: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if not allowed:
            raise


def _account(client: Connection, receiver: Receiver, made: list[dict[str, Any]]) -> bool:
    """Pause the schedules, wait for open runs, print ledger and runs, and check them; whether all is right."""
    from horarium.cli.demo_check import check, print_account

    for schedule in made:
        if client.schedules.get(schedule["id"])["state"] == "active":
            client.schedules.pause(schedule["id"], {"note": "the demo has seen enough"})
    _wait_for_runs(client)
    accounts = [_account_of(client, schedule["id"]) for schedule in made]
    print_account(accounts)
    findings = check(accounts, receiver.received())
    for words, good in findings:
        typer.echo(f"  {'ok ' if good else 'BAD'}  {words}")
    return all(good for _, good in findings)


def _account_of(client: Connection, schedule: str) -> Account:
    from horarium.cli.client import up_to
    from horarium.cli.demo_check import Account

    shown: Any = client.schedules.get(schedule)
    ledger: Any = client.schedules.ledger(schedule, limit=1000)
    return Account(shown, ledger, list(up_to(10_000, client.runs.list_all, schedule=schedule)))


def _wait_for_runs(client: Connection) -> None:
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        if not any(client.runs.list(state=state, limit=1)["items"] for state in _UNDER_WAY):
            return
        time.sleep(0.1)


def _invite(client: Connection, receiver: Receiver, made: list[dict[str, Any]]) -> None:
    """Let one schedule fire on, and say what to try next."""
    first = made[0]["id"]
    client.schedules.resume(first)
    typer.echo(f"""
The server stays up until you press Ctrl-C. Try, in another terminal:

  export HORARIUM_URL={client.url} HORARIUM_KEY={client.key}
  horarium schedule list
  horarium schedule ledger {first}
  curl -H "Authorization: Bearer $HORARIUM_KEY" $HORARIUM_URL/horarium/v1/schedules/{first}
  curl -H "Authorization: Bearer $HORARIUM_KEY" $HORARIUM_URL/horarium/v1/schedules \\
       -d '{{"name": "mine", "recurrence": "*/10 * * * * *", "target": "steady"}}'
  curl -X POST -H "Authorization: Bearer $HORARIUM_KEY" $HORARIUM_URL/horarium/v1/schedules/{first}/fire-now

The API is described at {client.url}/horarium/v1/docs
""")
