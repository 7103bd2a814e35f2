"""`horarium target ...`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from horarium.cli.client import AsJson, ByKey, Data, Key, Limit, Url, connect, from_json, up_to
from horarium.cli.output import Column, at, show_list, show_one

targets = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("NO.", "number"),
    ("KEY", lambda target: target["key"]),
    ("KIND", "kind"),
    ("NAME", "name"),
    ("EXECUTOR", lambda target: target["executor"]["type"]),
    ("ENABLED", "enabled"),
)
Reference = Annotated[str, typer.Argument(help="Id, key or number of a target.")]


@targets.command("list")
def list_targets(
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of the name or the key.")] = None,
    own_key: Annotated[
        str | None, typer.Option("--as", help="Only the one with this key of your own.")
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List targets."""
    list_all = connect(url, key, data).targets.list_all
    found = up_to(limit, list_all, kind=kind, search=search, key=own_key)
    show_list(found, COLUMNS, as_json)


@targets.command("show")
def show(
    target: Reference,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show a target, and how its runs stand; secrets are not shown."""
    client = connect(url, key, data).targets
    show_one((client.get_by_key if by_key else client.get)(target), as_json)


@targets.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name for people.")],
    kind: Annotated[
        str, typer.Option(help="automation, workflow, function, agent, tool or table.")
    ] = "workflow",
    to: Annotated[str | None, typer.Option("--to", help="URL that is called, for an http target.")] = None,
    executor: Annotated[
        str | None, typer.Option(help='Any other executor, as JSON with a "type"; @FILE reads a file.')
    ] = None,
    own_key: Annotated[str | None, typer.Option("--as", help="A key of your own choice.")] = None,
    completion: Annotated[str, typer.Option(help="response, callback or watch.")] = "response",
    timeout: Annotated[str | None, typer.Option(help='For one attempt, such as "30s".')] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a target. Its signing secret is shown only this once."""
    runs: Any = {"type": "http", "url": to} if executor is None else from_json(executor, "--executor")
    body: Any = {"name": name, "kind": kind, "key": own_key, "executor": runs, "completion": completion}
    if timeout is not None:
        body["timeout"] = timeout
    show_one(connect(url, key, data).targets.create(body), as_json)


@targets.command("enable")
def enable(
    target: Reference,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Switch a target on: its runs are executed."""
    client = connect(url, key, data).targets
    show_one((client.enable_by_key if by_key else client.enable)(target), as_json)


@targets.command("disable")
def disable(
    target: Reference,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Switch a target off: its runs fail until it is switched on."""
    client = connect(url, key, data).targets
    show_one((client.disable_by_key if by_key else client.disable)(target), as_json)


@targets.command("test")
def call_once(
    target: Reference,
    input_: Annotated[
        str | None, typer.Option("--input", help="What it is given, as JSON; @FILE reads a file.")
    ] = None,
    row: Annotated[str | None, typer.Option(help="The row of an audience, as JSON.")] = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Call a target once, now, and show what was sent and answered. It is no run, and nothing of it is kept."""
    body = {"input": from_json(input_, "--input"), "row": from_json(row, "--row")}
    given: Any = {name: value for name, value in body.items() if value is not None}
    client = connect(url, key, data).targets
    show_one((client.test_by_key if by_key else client.test)(target, given), as_json)


@targets.command("rotate-secret")
def rotate_secret(
    target: Reference,
    overlap: Annotated[
        str, typer.Option(help='How long requests are signed with the old secret too, such as "1h".')
    ] = "1d",
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Sign with a private key; receivers need only verification_key.")
    ] = False,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a new signing secret, which is shown only this once. The old one signs too for a while."""
    body: Any = {"overlap": overlap, "algorithm": "ed25519" if ed25519 else "hmac"}
    client = connect(url, key, data).targets
    show_one((client.rotate_secret_by_key if by_key else client.rotate_secret)(target, body), as_json)


SHARES: tuple[Column, ...] = (
    ("WORKSPACE", "workspace"),
    ("TARGET THERE", "target"),
    ("KEY THERE", lambda share: share["key"]),
    ("SINCE", at("created_at")),
)
Borrower = Annotated[str, typer.Argument(help="Id of the other workspace.")]


@targets.command("share")
def share(
    target: Reference,
    workspace: Borrower,
    own_key: Annotated[str | None, typer.Option("--as", help="The key of the target there.")] = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Let another workspace use a target, which it can neither change nor see into. Needs a key of the whole server."""
    body: Any = {} if own_key is None else {"key": own_key}
    client = connect(url, key, data).targets
    show_one((client.share_by_key if by_key else client.share)(target, workspace, body), as_json)


@targets.command("shares")
def list_shares(
    target: Reference,
    by_key: ByKey = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the workspaces with which a target is shared."""
    client = connect(url, key, data).targets
    found = up_to(limit, client.list_shares_by_key_all if by_key else client.list_shares_all, target)
    show_list(found, SHARES, as_json)


@targets.command("unshare")
def unshare(
    target: Reference,
    workspace: Borrower,
    by_key: ByKey = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Let another workspace use a target no longer: its runs there fail from now on."""
    client = connect(url, key, data).targets
    (client.unshare_by_key if by_key else client.unshare)(target, workspace)
    typer.echo("not shared any more")


@targets.command("delete")
def delete(
    target: Reference, by_key: ByKey = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """Delete a target. Schedules that are active or paused must not use it."""
    client = connect(url, key, data).targets
    (client.delete_by_key if by_key else client.delete)(target)
    typer.echo("deleted")
