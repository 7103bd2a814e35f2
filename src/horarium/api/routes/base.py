"""What all routes of our own API share: the caller's identity, the body, the version that a change is for."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any, TypeVar

import orjson
from starlette.requests import Request

from horarium.api import show
from horarium.api.bodies import parse_object, read_body
from horarium.api.fields import Query
from horarium.api.kit.keys import authenticate
from horarium.api.web import Answer
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID
from horarium.domain.labels import label_in
from horarium.domain.listings import Total
from horarium.domain.schedule import MOST_LABELS
from horarium.domain.tenancy import Identity
from horarium.service.checks import KEY_LIMIT, key_problems, name_problems
from horarium.service.pages import Page, cursor_from
from horarium.service.repeats import request_by
from horarium.service.services import Services
from horarium.service.turns import Turns
from horarium.store.verbs.idempotency import Request as Repeatable

T = TypeVar("T")

CURSOR = "next_cursor of the page before"
TOTAL = "whether the answer says how many items there are on all pages"
LIMIT = "how many; 50, at most 1000"
LABEL = "name:value; several must all match"
# What is said of a page that need not be full.
EARLY = "a page may hold fewer than limit, or none, while next_cursor says where to go on"
IF_MATCH = "the version that the thing must be at"
# The header of what makes or starts something, and is done once though it is sent again.
ONCE = {"Idempotency-Key": "the same key and body within a day are one request"}


class Routes:
    """Base class of the classes of handlers. They have no state but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def who(self, request: Request, scope: str | None = None) -> Identity:
        """The identity of the caller, whose key must have `scope` if it is given. Raises Unauthorized, Forbidden."""
        return await authenticate(request, self.services, ("bearer", "x-api-key"), scope)

    async def body(self, request: Request) -> dict[str, Any]:
        """The body as a JSON object. Raises Malformed, Invalid, TooLarge."""
        return parse_object(await read_body(request, self.services.settings.body_limit))

    async def body_once(
        self, request: Request, who: Identity, scope: str
    ) -> tuple[dict[str, Any], Repeatable | None]:
        """The body as a JSON object, and as what the request is recognised when it comes again. `scope` says what is
        asked for. Raises as `body` does."""
        found = await read_body(request, self.services.settings.body_limit)
        return parse_object(found), once(request, who, scope, found)

    async def body_or_nothing(self, request: Request, *, written: bool = True) -> dict[str, Any]:
        """As `body`, but an empty body is an empty object. `written` as in `parse_json`."""
        found = await read_body(request, self.services.settings.body_limit)
        return parse_object(found, written=written) if found.strip() else {}


def once(request: Request, who: Identity, scope: str, body: bytes = b"") -> Repeatable | None:
    """As what a request is recognised when it comes again; None where it has no Idempotency-Key. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    return None if key is None else request_by(who, scope, key, body)


def replayed(again: bool) -> dict[str, str]:
    """The header of an answer to a request that came before."""
    return {"Idempotent-Replayed": "true"} if again else {}


def cursor_of(request: Request, *, newest_first: bool = False, lengths: Container[int] = (16,)) -> bytes:
    """The position from which a list continues, which has one of these lengths in bytes. Raises Invalid for a text
    that is not a cursor."""
    return position_of(request, lengths) or (HIGHEST_ID if newest_first else LOWEST_ID)


def position_of(request: Request, lengths: Container[int]) -> bytes | None:
    """As `cursor_of`, but None where the list is to be shown from its beginning."""
    given = request.query_params.get("cursor")
    return cursor_from(given, lengths=lengths) if given else None


async def page_answer(
    found: Page[T], show_one: Callable[[T], dict[str, Any]], counted: Total | None = None
) -> Answer:
    """The answer with a page of a list, as `show.page` shows it. A page may be long, so its items are written in turns
    with other work."""
    items, turns = list[bytes](), Turns()
    for item in found.items:
        items.append(orjson.dumps(show_one(item)))
        await turns.give()
    end = orjson.dumps(show.page_end(found, counted))
    return Answer(200, b'{"items":[%b],%b' % (b",".join(items), end[1:]))


def labels_in(query: Query) -> tuple[tuple[str, str], ...]:
    """The labels of a filter, each written name:value."""
    labels = [label_in(text) for text in query.texts("label")]
    if None in labels:
        query.wrong("label", "is written name:value")
    if len(labels) > MOST_LABELS:
        query.wrong("label", f"is given {len(labels)} times; at most {MOST_LABELS} are allowed")
    return tuple(label for label in labels if label is not None)


def key_in_path(request: Request) -> str | None:
    """The key by which a path names a thing; None where it names it by its id.

    Raises Invalid for a text that no key can be, because it is empty, too long or has control characters.
    """
    key: str | None = request.path_params.get("key")
    problems = [] if key is None else list(name_problems("key", key, KEY_LIMIT))
    if problems:
        raise Invalid(problems)
    return key


def required_key(request: Request) -> str:
    """The key in a path that has one. Raises Invalid for one that nothing new can have."""
    key: str = request.path_params["key"]
    problems = list(key_problems("key", key))
    if problems:
        raise Invalid(problems)
    return key


def expected_version(request: Request, in_body: int | None = None) -> int | None:
    """The version that a change is for, from the header If-Match or else from the body. Raises Invalid."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return in_body
    text = header.strip().removeprefix("W/").strip('"')
    if "," in text:
        raise Invalid(
            Problem("If-Match", 'lists several versions; send the one that you have seen: "3"', "header")
        )
    if not text.isdecimal() or len(text) > 18:
        raise Invalid(Problem("If-Match", 'must be a version such as "3"', "header"))
    return int(text)


def refuse_other_key(body: Mapping[str, Any], key: str) -> None:
    """Raises Invalid for a body with another key than the one in the path."""
    given = body.get("key")
    if given is not None and given != key:
        raise Invalid(
            Problem("key", f"is another than in the path, which says {key[:80]!r}; leave it out", "conflict")
        )


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
