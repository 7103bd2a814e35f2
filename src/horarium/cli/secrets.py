"""`horarium secret ...`"""

from __future__ import annotations

import typer

from horarium.cli.client import AsJson, Data, Key, Url, connect
from horarium.cli.output import show_one

secrets = typer.Typer()


@secrets.callback()
def _group() -> None:
    pass


@secrets.command("rotate")
def rotate(as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Encrypt all stored secrets with a new key. The old key still opens backups made before."""
    show_one(connect(url, key, data).secrets.rotate(), as_json)
