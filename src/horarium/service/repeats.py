"""Requests that may come again: the keys by which they are recognised, and how one is done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Concatenate, ParamSpec

from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import Id
from horarium.domain.tenancy import Identity
from horarium.service.checks import name_problems
from horarium.store.base import Store, Tx
from horarium.store.verbs.idempotency import Made, MadeBefore, Request, gone, once

P = ParamSpec("P")

# The longest Idempotency-Key, in characters.
KEY_LIMIT = 255


def refuse_bad_key(key: str) -> None:
    """Raises Invalid for an Idempotency-Key that is empty, too long or has control characters."""
    problems = list(name_problems("Idempotency-Key", key, KEY_LIMIT))
    if problems:
        raise Invalid([Problem(problem.field, problem.message, "header") for problem in problems])


def key_of_principal(who: Identity, key: str) -> str:
    """An Idempotency-Key as it is stored: a short text that is another for each principal, so that nobody can use up
    the keys that others choose, or be answered what others asked for. Raises Invalid."""
    refuse_bad_key(key)
    return blake2b(who.principal_id + key.encode(), digest_size=16).hexdigest()


def request_of(workspace_id: Id, scope: str, key: str, body: bytes) -> Request:
    """A request as it is recognised later: by workspace, `scope` (what it asks for), key and a hash of its body.

    Raises Invalid for a key that is empty, too long or has control characters.
    """
    refuse_bad_key(key)
    return Request(workspace_id, scope, key, blake2b(body, digest_size=16).digest())


def request_by(who: Identity, scope: str, key: str, body: bytes) -> Request:
    """The same for a request of a principal: the same key of another one names another request. Raises Invalid."""
    return request_of(who.workspace_id, f"{scope} by {who.principal_id.hex()}", key, body)


async def write_once(
    store: Store,
    find: Callable[[Id], Awaitable[Made]],
    request: Request | None,
    now: int,
    verb: Callable[Concatenate[Tx, P], Awaitable[Made]],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> tuple[Made, bool]:
    """Make something once for a request: it, and whether the same request made it before. Then it is as `find` finds it
    now. Without a request it is made each time.

    Raises what the verb raises, and Conflict (idempotency where the key came with another body, gone where what was
    made has been deleted).
    """
    if request is None:
        return await store.write(verb, *args, **kwargs), False
    made = await store.write(once(verb, request, now), *args, **kwargs)
    if not isinstance(made, MadeBefore):
        return made, False
    try:
        return await find(made.id), True
    except NotFound:
        raise gone() from None
