"""Checks that several use cases make of what a caller sends. Each returns the problems that it finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.ids import PREFIXES, looks_like_our_id
from horarium.domain.json_text import DEEPEST_PART, is_deeper

# The longest name, text and key, in characters.
NAME_LIMIT = 200
TEXT_LIMIT = 10_000
KEY_LIMIT = 200
# The longest name and the longest value of a label, in characters.
LABEL_LIMIT = 200
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def name_problems(field: str, name: str, limit: int = NAME_LIMIT) -> Iterator[Problem]:
    """A name needs at least one visible character, and must not contain control characters."""
    if not name.strip():
        yield Problem(field, "must not be empty", "required")
    elif len(name) > limit:
        yield Problem(field, f"is {len(name)} characters long; at most {limit} are allowed", "too_long")
    elif not _printable(name):
        yield Problem(field, "must not contain control characters")


def text_problems(field: str, text: str | None, limit: int = TEXT_LIMIT) -> Iterator[Problem]:
    """A longer text may have line breaks, but not NUL, which PostgreSQL cannot store. None is no problem."""
    if text is not None and len(text) > limit:
        yield Problem(field, f"is {len(text)} characters long; at most {limit} are allowed", "too_long")
    if text is not None and not _storable(text):
        yield Problem(field, "must not contain NUL or unpaired surrogate characters")


def label_problems(labels: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with labels of a request: those of a schedule, or those by which schedules are meant."""
    for name, value in labels.items():
        yield from name_problems("labels", name, LABEL_LIMIT)
        yield from text_problems(f"labels.{name[:LABEL_LIMIT]}", value, LABEL_LIMIT)


def depth_problems(field: str, value: Any) -> Iterator[Problem]:
    """A JSON value that is stored must leave room for the levels that an API puts around it."""
    if is_deeper(value, DEEPEST_PART):
        yield Problem(field, f"is nested more than {DEEPEST_PART} levels deep")


def key_problems(field: str, key: str) -> Iterator[Problem]:
    """A key that a caller chooses must not look like a number or like an id of this server, since references accept
    these as well."""
    yield from name_problems(field, key, KEY_LIMIT)
    if is_integer(key):
        yield Problem(
            field, "must not be a whole number, because a whole number refers to the number of a target"
        )
    if looks_like_our_id(key):
        prefixes = ", ".join(f"{prefix}_" for prefix in PREFIXES)
        yield Problem(field, f"must not begin like an id of this server (with {prefixes})")


def is_integer(text: str) -> bool:
    """Whether a text is written as a whole number."""
    return text.removeprefix("-").removeprefix("+").isdigit()


def _printable(text: str) -> bool:
    return _UNPRINTABLE.search(text) is None


def _storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None
