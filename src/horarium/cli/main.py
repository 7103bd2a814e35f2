"""`horarium`: every command, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from horarium.cli import bench, demo, next_times, serve
from horarium.cli.failure import MISUSED, REFUSED, Failure
from horarium.cli.keys import keys
from horarium.cli.runs import runs
from horarium.cli.schedules import schedules
from horarium.cli.targets import targets
from horarium.domain.errors import HorariumError, Invalid

app = typer.Typer(
    name="horarium",
    help="A schedule server in which every slot is accounted for.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("next")(next_times.next_times)
app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench.bench)
for name, group, words in (
    ("key", keys, "API keys of a server."),
    ("target", targets, "What schedules run."),
    ("schedule", schedules, "Schedules of a server, their fires and their ledger."),
    ("run", runs, "Runs: what came of the fires."),
):
    app.add_typer(group, name=name, help=words, no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        from horarium import __version__
        from horarium.times.zones import TZDATA_VERSION

        typer.echo(f"horarium {__version__} (tzdata {TZDATA_VERSION})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point. Exit codes: 0 done, 1 could not be done, 2 asked wrongly."""
    try:
        app()
    except Failure as failure:
        _leave(str(failure), failure.code)
    except Invalid as error:
        _leave(str(error), MISUSED)
    except HorariumError as error:
        _leave(str(error), REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # whoever listened has had enough
        sys.exit(REFUSED)


def _leave(sentence: str, code: int) -> None:
    print(f"horarium: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
