"""The operations that agents and schedules have alike: verbs behind a colon, and the update with its mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from horarium.api.kit import CHANGING, Operation
from horarium.api.kit.schemas import TEXT
from horarium.api.web import Handler

# Operation, or one with some of its fields given already.
Make = Callable[..., Operation]


def verbs(
    make: Make, path: str, resource: str, words: str, handlers: Mapping[str, Handler]
) -> Iterator[Operation]:
    """`POST path:verb` for each verb. `resource` is the schema of the answer, and `words` name one in a summary."""
    for verb, handler in handlers.items():
        summary = f"{verb.capitalize()} {words}"
        yield make("POST", f"{path}:{verb}", handler, summary, answer=resource, failures=CHANGING)


def update(make: Make, path: str, resource: str, words: str, handler: Handler) -> Operation:
    """`PATCH path`, with a body that may be empty and a mask that may stand in the query."""
    return make(
        "PATCH",
        path,
        handler,
        f"Update {words}",
        answer=resource,
        body=f"{resource}Update",
        body_required=False,
        query={"updateMask": TEXT},
        failures=CHANGING,
    )
