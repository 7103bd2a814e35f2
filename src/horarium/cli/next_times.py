"""`horarium next`: when would this fire? No server is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from horarium.cli.failure import MISUSED, Failure


def next_times(
    spec: Annotated[
        str | None,
        typer.Argument(help='An expression ("0 9 * * *", "rate(5 minutes)", ...) or a JSON object.'),
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", "-z", help="IANA time zone.")] = "UTC",
    after: Annotated[str | None, typer.Option(help="An RFC 3339 instant (default: now).")] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 5,
    dialect: Annotated[
        str, typer.Option(help="Whose grammar: native (our own), or that of a dialect.")
    ] = "native",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help='Read questions from standard input, such as {"spec": "@daily", "after": "..."} on each line, '
            "answer each.",
        ),
    ] = False,
) -> None:
    """Show the next times that a recurrence fires."""
    if batch:
        from horarium.cli.batch import answer_all

        answer_all(sys.stdin, sys.stdout.write)
        return
    if spec is None:
        raise Failure(
            "give a recurrence, such as: horarium next '0 9 * * 1-5' --timezone Europe/Paris", MISUSED
        )
    question = {
        "spec": _spec(spec),
        "timezone": timezone,
        "after": after or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "count": count,
        "dialect": dialect,
    }
    if dialect != "native":
        from horarium.api.grammars import load_grammars

        load_grammars()
    if as_json:
        _print_json(question)
    else:
        _print(question)


def _spec(text: str) -> Any:
    """The argument as a recurrence: what begins like an object is one."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"the recurrence looks like JSON but is not valid: {error}", MISUSED) from None


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    from horarium.times.batch import answer_line

    answer: dict[str, Any] = json.loads(answer_line(json.dumps(question)))
    if "error" in answer and "times" not in answer:
        raise Failure(answer["error"], MISUSED)
    return answer


def _print_json(question: dict[str, Any]) -> None:
    typer.echo(json.dumps(_answer(question)))


def _print(question: dict[str, Any]) -> None:
    """The words, then each instant with its local reading and what a clock change did to it."""
    answer = _answer(question)
    if not answer["times"]:
        raise Failure(answer.get("error") or f"nothing fires after {question['after']}")
    for line in _told(question):
        typer.echo(line)


def _told(question: dict[str, Any]) -> Iterator[str]:
    from horarium.times import Timing, canonical_spec, compile_timing, explain_next
    from horarium.times.instants import Rounding, seconds_of, utc_text

    since = seconds_of(question["after"], Rounding.DOWN)
    timing = Timing(canonical_spec(question["spec"]), question["dialect"], question["timezone"], since)
    yield compile_timing(timing).describe()
    for one in explain_next(timing, since, question["count"]):
        note = f"   ({one.note})" if one.note else ""
        yield f"  {utc_text(one.instant)}   {one.local}{note}"
