"""`horarium demo`: the main job, shown here: a server, a receiver, schedules that fire in seconds.

Everything goes the way a user's software would go: the server is a process of its own with a temporary
database, the schedules are made through its HTTP API, and the receiver gets the runs as any web hook would.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.failure import Failure

if TYPE_CHECKING:
    from horarium.cli.client import Client
    from horarium.cli.demo_world import Receiver

# How long the fires are watched before they are accounted for.
SHOWN_SECONDS = 10

SETTLE_SECONDS = 15
READY_SECONDS = 60


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="Leave when everything has been shown and checked.")
    ] = False,
    seconds: Annotated[int, typer.Option(help="How long to watch.", min=5, max=600)] = SHOWN_SECONDS,
) -> None:
    """Show schedules firing, account for every slot, and check that nothing is missing or double."""
    from horarium.cli.client import Client
    from horarium.cli.demo_world import Receiver, started_server

    with Receiver() as receiver, started_server() as server:
        typer.echo(
            f"A server at {server.url}, a receiver at {receiver.url}, a database that is thrown away after.\n"
        )
        client = Client(server.url, server.key)
        _wait_until_ready(client)
        made = _make(client, receiver)
        _watch(receiver, seconds)
        sound = _account(client, receiver, made)
        if not leave:
            _invite(client, receiver, made)
            _watch(receiver, None)
    if not sound:
        raise Failure("the accounts do not agree; please report this with the output above")


def _wait_until_ready(client: Client) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            client.call("GET", "/readyz")
            return
        except Failure as failure:
            if time.monotonic() > until:
                raise Failure(f"the server did not come up within {READY_SECONDS} s: {failure}") from None
            time.sleep(0.1)


def _make(client: Client, receiver: Receiver) -> list[dict[str, Any]]:
    """Two targets and four schedules, by HTTP."""
    steady = {
        "kind": "function",
        "key": "steady",
        "name": "Steady",
        "executor": _http(f"{receiver.url}/steady"),
    }
    flaky = {"kind": "workflow", "key": "flaky", "name": "Flaky", "executor": _http(f"{receiver.url}/flaky")}
    for target in (steady, flaky):
        client.call("POST", "/targets", target)
    wanted: list[dict[str, Any]] = [
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
    made = [client.call("POST", "/schedules", {**one, "input": {"hello": one["name"]}}) for one in wanted]
    for one in made:
        typer.echo(f"  {one['name']:18} {one['in_words']}")
    typer.echo("\nFires as they arrive (slot, how long after it, schedule, attempt):")
    return made


def _http(url: str) -> dict[str, Any]:
    return {"type": "http", "url": url}


def _watch(receiver: Receiver, seconds: int | None) -> None:
    """Print what arrives, for some seconds or until interrupted."""
    until = None if seconds is None else time.monotonic() + seconds
    with _interruptible(seconds is None):
        while until is None or time.monotonic() < until:
            for one in receiver.news(0.1):
                late = one.arrived_ms - one.slot_ms
                words = "" if one.status < 300 else f"  answered {one.status}"
                typer.echo(
                    f"  {one.slot[11:19]}  +{late:4} ms  {one.schedule:18} attempt {one.attempt}{words}"
                )


@contextmanager
def _interruptible(allowed: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if not allowed:
            raise


def _account(client: Client, receiver: Receiver, made: list[dict[str, Any]]) -> bool:
    """Stop the clocks, wait for what is under way, print the ledger and the runs, and check them."""
    from horarium.cli.demo_check import Account, check, print_account

    for one in made:
        if client.call("GET", f"/schedules/{one['id']}")["state"] == "active":
            client.call("POST", f"/schedules/{one['id']}/pause", {"note": "the demo has seen enough"})
    _wait_for_runs(client)
    accounts = [
        Account(
            client.call("GET", f"/schedules/{one['id']}"),
            client.call("GET", f"/schedules/{one['id']}/ledger", query={"limit": 1000}),
            list(client.pages("/runs", {"schedule": one["id"]}, 10_000)),
        )
        for one in made
    ]
    print_account(accounts)
    findings = check(accounts, receiver.received())
    for words, good in findings:
        typer.echo(f"  {'ok ' if good else 'BAD'}  {words}")
    return all(good for _, good in findings)


def _wait_for_runs(client: Client) -> None:
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        under_way = [list(client.pages("/runs", {"state": state}, 1)) for state in ("pending", "running")]
        if not any(under_way):
            return
        time.sleep(0.1)


def _invite(client: Client, receiver: Receiver, made: list[dict[str, Any]]) -> None:
    """What to try next."""
    first = made[0]["id"]
    client.call("POST", f"/schedules/{first}/resume")
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
