"""`horarium settings`: which settings hold, and where each value came from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from horarium.cli.client import AsJson
from horarium.cli.options import Given, takes_settings
from horarium.cli.output import Column, show_list
from horarium.settings import SETTINGS, Loaded, Setting, Source, shown, without_password

COLUMNS: tuple[Column, ...] = (("SETTING", "name"), ("VALUE", "value"), ("FROM", "from"))


@takes_settings
def settings(
    given: Given,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not left to its default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting, and where its value came from: an option, the environment, the file, or the default.

    It takes the options of `horarium serve`, reads the same variables and the same file, and starts nothing. Secrets
    are shown as ***. What would keep the server from starting is told in the same words, with exit code 2.
    """
    loaded = given.load()
    items = [_item(setting, loaded) for setting in SETTINGS.values()]
    show_list([item for item in items if not changed or item["source"] != Source.DEFAULT], COLUMNS, as_json)


def _item(setting: Setting, loaded: Loaded) -> dict[str, Any]:
    """A setting as it is printed. `from` names the option, the variable or the file that gave it."""
    source = loaded.source(setting.name)
    given_by = {
        Source.DEFAULT: "default",
        Source.FILE: f"{loaded.file}",
        Source.ENVIRONMENT: setting.variable,
        Source.OPTION: setting.about.option,
    }
    value = shown(setting, loaded.settings)
    if setting.name == "database":  # where none is named there is one all the same
        value = without_password(loaded.settings.database_url)
    return {"name": setting.name, "value": value or None, "source": source.value, "from": given_by[source]}
