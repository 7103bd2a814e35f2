"""`horarium bench PART ...`: measurements, each a module of `horarium.bench` with `main(arguments)`."""

from __future__ import annotations

from typing import Annotated

import typer

from horarium.cli.failure import MISUSED, Failure


def bench(
    context: typer.Context, part: Annotated[str | None, typer.Argument(help="What to measure.")] = None
) -> None:
    """Measure a part of Horarium on this machine."""
    from importlib import import_module

    known = _parts()
    if part not in known:
        what = f"{part!r} is not there" if part else "say what to measure"
        raise Failure(f"{what}; there are: {', '.join(known)}", MISUSED)
    import_module(f"horarium.bench.{part}").main(list(context.args))


def _parts() -> list[str]:
    from pkgutil import iter_modules

    import horarium.bench

    return sorted(one.name for one in iter_modules(horarium.bench.__path__) if not one.name.startswith("_"))
