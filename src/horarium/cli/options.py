"""The options of commands that read the server's settings: one for each setting that has an option, and `--config`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Concatenate, ParamSpec, cast, get_args, get_origin, get_type_hints

import typer

from horarium.settings import SETTINGS, Loaded, Setting, Settings, load_with_sources

P = ParamSpec("P")

CONFIG = Annotated[Path | None, typer.Option(help="A TOML file with settings.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of the settings: the options by the names of their settings, and the file."""

    options: Mapping[str, Any]
    config: Path | None

    def load(self) -> Loaded:
        """The settings that hold, together with the environment, the file and the defaults. Raises Invalid."""
        return load_with_sources(self.options, os.environ, self.config)


def takes_settings(command: Callable[Concatenate[Given, P], None]) -> Callable[..., None]:
    """The command with the options of the settings before its own ones. Its first argument is what they give."""
    own = [*inspect.signature(command, eval_str=True).parameters.values()][1:]
    names = [setting.name for setting in SETTINGS.values() if setting.about.option]
    settings = [_parameter(name, _annotation(SETTINGS[name])) for name in names]
    parameters = [*settings, _parameter("config", CONFIG), *own]

    def run(**values: Any) -> None:
        options = {name: values.pop(name) for name in names}
        cast(Any, command)(Given(options, values.pop("config")), **values)

    # The command line is made from the signature.
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    cast(Any, run).__signature__ = inspect.Signature(parameters)
    return run


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation
    )


def _annotation(setting: Setting) -> Any:
    """The type of a setting's option: of a list that is empty by default, the option may be given several times."""
    repeatable = setting.default == ()
    words = setting.help + (" May be given several times." if repeatable else "")
    kind = list[str] if repeatable else _plain(_TYPES[setting.name])
    return Annotated[kind | None, typer.Option(setting.about.option, help=words)]


_TYPES = get_type_hints(Settings)


def _plain(kind: Any) -> Any:
    """The type in which an option gives a setting; lists and choices are given as a text."""
    if get_origin(kind) is UnionType:
        kind = next(part for part in get_args(kind) if part is not type(None))
    return kind if kind in (Path, int, float, bool) else str
