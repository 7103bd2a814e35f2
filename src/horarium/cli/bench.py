"""`horarium bench PART`: measure this machine. Each figure is printed as one line of JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from horarium.bench.stage import Report

# How long a part may take, in seconds.
LONGEST_S = 1800.0


class Part(StrEnum):
    """What can be measured."""

    TIMES = "times"
    STORM = "storm"
    LATENESS = "lateness"
    FANOUT = "fanout"
    DELIVERY = "delivery"
    INPROCESS = "inprocess"
    API = "api"
    IDLE = "idle"
    PAGES = "pages"
    VIEWERS = "viewers"
    HANDOFF = "handoff"
    PEERS = "peers"


# The options that each part has, besides the database.
OPTIONS: dict[Part, tuple[str, ...]] = {
    Part.TIMES: (),
    Part.STORM: ("schedules", "due", "runs"),
    Part.LATENESS: ("schedules", "rate", "seconds", "load", "expired"),
    Part.FANOUT: ("rows",),
    Part.DELIVERY: ("runs",),
    Part.INPROCESS: ("runs",),
    Part.API: ("seconds",),
    Part.IDLE: ("schedules", "seconds"),
    Part.PAGES: ("schedules", "runs"),
    Part.VIEWERS: ("schedules", "rate", "seconds"),
    Part.HANDOFF: ("engine", "runs"),
    Part.PEERS: ("runs", "packages", "http"),
}


def bench(
    part: Annotated[Part, typer.Argument(help="What to measure.")],
    database: Annotated[
        str,
        typer.Option(
            help="sqlite (a temporary file), postgres (a temporary server), or the URL of an empty database."
        ),
    ] = "sqlite",
    schedules: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many schedules are stored (default: storm, pages 100000, lateness, viewers 10000, idle 1000000).",
        ),
    ] = None,
    due: Annotated[
        int | None, typer.Option(min=1, help="How many are due in one second (storm; default: 50000).")
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many runs (default: delivery, handoff, inprocess, peers 20000, pages 1000000; storm: those that "
            "the ledger has before, 0).",
        ),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="How many rows the audience has (fanout; default: 100000).")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="The engine that gets the runs: nats, celery, rq or redis (handoff; default: nats)."
        ),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="How many fires a second (lateness; default: 100).")
    ] = None,
    seconds: Annotated[
        int | None,
        typer.Option(min=1, help="How many seconds (default: lateness, viewers 30, api 6, idle 20)."),
    ] = None,
    load: Annotated[
        bool | None, typer.Option("--load", help="Send requests to the API meanwhile (lateness).")
    ] = None,
    expired: Annotated[
        int | None,
        typer.Option(min=1, help="Runs beyond the retention time, which are deleted meanwhile (lateness)."),
    ] = None,
    packages: Annotated[
        str | None,
        typer.Option(
            help="The folder in which node_modules has graphile-worker or pg-boss (peers; default: this)."
        ),
    ] = None,
    http: Annotated[
        bool | None, typer.Option("--http", help="Each run is a request over HTTP (peers).")
    ] = None,
) -> None:
    """Measure a part of Horarium beside the plainest code that does the same work on this machine.

    `ours` and `ceiling` are measured in the same run; `ratio` is ours divided by the ceiling. Everything that the
    benchmark makes is deleted afterwards.
    """
    options = {"schedules": schedules, "due": due, "runs": runs, "rows": rows, "engine": engine}
    options |= {
        "rate": rate,
        "seconds": seconds,
        "load": load,
        "expired": expired,
        "packages": packages,
        "http": http,
    }
    given = {name: value for name, value in options.items() if value is not None}
    unknown = [name for name in given if name not in OPTIONS[part]]
    if unknown:
        known = ", ".join(f"--{name}" for name in ("database", *OPTIONS[part]))
        raise typer.BadParameter(f"{part} has the options {known}", param_hint=f"--{unknown[0]}")
    for report in _measure(part, database, given):
        typer.echo(report.line())


def _measure(part: Part, database: str, given: dict[str, Any]) -> Sequence[Report]:
    if part is Part.TIMES:
        return [_times()]
    import asyncio
    from importlib import import_module

    import uvloop

    module = import_module(f"horarium.bench.{part}")

    async def bounded() -> list[Report]:
        async with asyncio.timeout(LONGEST_S):
            if (
                part is Part.LATENESS
            ):  # the same load twice: spread over each second, and all at its beginning
                return [await module.run(database, **given, spread=spread) for spread in (True, False)]
            found = await module.run(database, **given)
            return found if isinstance(found, list) else [found]

    try:
        return uvloop.run(bounded())
    except TimeoutError:
        raise Failure(f"{part} took longer than {LONGEST_S:g} s: ask for less") from None
    except RuntimeError as error:
        raise Failure(str(error)) from None


def _times() -> Report:
    """How many next instants a second, compared with the fastest other library that is installed."""
    from horarium.bench import times
    from horarium.bench.stage import Report

    found = times.run(quick=True)
    rows = [row for row in found.rows if row.peers]
    ours = 1e6 / times.mean([row.chained for row in (rows or found.rows)])
    slowdown = min(found.ratios.values(), default=0.0)
    extra = {
        "times_faster": {peer: round(ratio, 1) for peer, ratio in found.ratios.items()},
        "million_s": round(found.million_seconds, 3),
    }
    return Report("times", "none", ours, ours / slowdown if slowdown else 0.0, "instants/s", extra)
