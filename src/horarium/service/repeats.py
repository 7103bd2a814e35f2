"""The keys by which a request is recognised when it comes again."""

from __future__ import annotations

from hashlib import blake2b

from horarium.domain.errors import Invalid, Problem
from horarium.domain.tenancy import Identity
from horarium.service.checks import name_problems

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
