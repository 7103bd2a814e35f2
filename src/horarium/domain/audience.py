"""An audience: who a fire is for. It resolves to rows, each with a stable key; a source gives them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from horarium.domain.errors import HorariumError, Problem
from horarium.domain.ids import Id

MOST_KEY = 500
"""Characters of a row key."""
LARGEST_ROW = 256 * 1024
"""Bytes of one row's data as JSON."""


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One row: `key` is stable and unique within the audience, `data` (JSON-able) is what the run is
    given."""

    key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows, and the position to go on from; None where there are no more."""

    rows: Sequence[AudienceRow]
    position: str | None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a source is asked for. `config` is its own configuration with secrets in place; `now_ms` stays the
    same for one fire, however often it is resumed."""

    workspace_id: Id
    type: str
    filter: Mapping[str, Any]
    now_ms: int
    config: Mapping[str, Any] = field(default_factory=dict)


class SourceFault(HorariumError):
    """A source could not be read; the sentence holds no secret. `lasting`: trying again would not mend it."""

    def __init__(self, message: str, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(message)


class AnySource(Protocol):
    """Where rows come from. One instance serves the whole process; found by entry point.

    `distinct`: no key can come twice, whatever happens; where that is not sure, the runs' ids see to it.
    `check` and `split` are about the configuration, as for executors; `check_filter` about an audience's
    filter. Whatever reads raises SourceFault.
    """

    type: str
    distinct: bool

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]: ...

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]: ...

    def check_filter(self, ask: Ask) -> Sequence[Problem]: ...

    async def close(self) -> None: ...


class PagedSource(AnySource, Protocol):
    """Gives pages in the order of their keys, from a position that survives a crash."""

    paged: Literal[True]

    async def count(self, ask: Ask, most: int) -> int:
        """How many rows there are, counted no further than `most`."""

    async def page(self, ask: Ask, position: str | None, limit: int) -> RowPage:
        """Up to `limit` rows behind a position; None is the beginning."""


class PassingSource(AnySource, Protocol):
    """Gives its rows once, from beginning to end: they are kept aside before the first delivery."""

    paged: Literal[False]

    def rows(self, ask: Ask) -> AsyncGenerator[Sequence[AudienceRow], None]:
        """All rows, in batches."""


Source = PagedSource | PassingSource


def audience_problems(audience: Any, name: str = "audience") -> list[Problem]:
    """What is wrong with the form of an audience: {"type": ..., "filter": {...}}."""
    if not isinstance(audience, Mapping):
        return [Problem(name, 'must be an object such as {"type": "contacts", "filter": {}}', "type")]
    problems = []
    kind, given = audience.get("type"), audience.get("filter")
    if not isinstance(kind, str) or not kind:
        words = "must name an audience type or a source of this workspace"
        problems.append(Problem(f"{name}.type", words, "required" if kind is None else "type"))
    if given is not None and not isinstance(given, Mapping):
        problems.append(Problem(f"{name}.filter", "must be an object", "type"))
    problems += [
        Problem(f"{name}.{key}", "is not known; an audience has type and filter", "unknown")
        for key in audience
        if key not in ("type", "filter")
    ]
    return problems


Check = Callable[[Any], str | None]
"""What is wrong with a value, or None."""


def _is_text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "must be a text that is not empty"


def _is_texts(value: Any) -> str | None:
    fine = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return None if fine and len(value) <= 10_000 else 'must be an array of texts, such as ["a", "b"]'


def _is_flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _whole(least: int) -> Check:
    def check(value: Any) -> str | None:
        fine = isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1_000_000_000
        return None if fine else f"must be a whole number of at least {least}"

    return check


AUDIENCE_TYPES: Mapping[str, Mapping[str, Check]] = {
    "users": {"roles": _is_texts, "user_ids": _is_texts},
    "tasks_by_assignee": {
        "statuses": _is_texts,
        "include_overdue_only": _is_flag,
        "max_tasks_per_user": _whole(1),
    },
    "contacts": {"contact_type": _is_text, "has_email": _is_flag, "limit": _whole(1)},
    "deals": {
        "status": _is_text,
        "stale_days": _whole(0),
        "pipeline_id": _is_text,
        "stage_ids": _is_texts,
        "limit": _whole(1),
    },
}
"""The audience types that a workspace has from the start, each with the keys of its filter."""


def filter_problems(kind: str, given: Mapping[str, Any], name: str = "audience.filter") -> list[Problem]:
    """What is wrong with the filter of one of AUDIENCE_TYPES. A null is as good as left out."""
    known = AUDIENCE_TYPES[kind]
    problems = []
    for key, value in given.items():
        if key not in known:
            words = f"is not a filter of {kind}; there are {', '.join(known)}"
            problems.append(Problem(f"{name}.{key}", words, "unknown"))
        elif value is not None and (wrong := known[key](value)) is not None:
            problems.append(Problem(f"{name}.{key}", wrong, "type"))
    return problems


def row_fault(row: AudienceRow) -> str | None:
    """Why a row cannot become a run, or None. Its size is judged where it is written."""
    if not isinstance(row.key, str) or not row.key:
        return "the audience has a row without a key"
    if len(row.key) > MOST_KEY:
        return f"the audience has a row whose key is longer than {MOST_KEY} characters"
    if "\0" in row.key or any("\ud800" <= char <= "\udfff" for char in row.key):
        return "the audience has a row whose key cannot be kept as text"
    return None


def repeated_key(rows: Sequence[AudienceRow]) -> str | None:
    """A key that stands twice among rows, or None."""
    seen: set[str] = set()
    for row in rows:
        if row.key in seen:
            return row.key
        seen.add(row.key)
    return None


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source of a workspace; `config` has `***` in place of secrets, which `sealed` holds. Times in
    milliseconds."""

    workspace_id: Id
    name: str
    id: Id
    type: str
    config: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    sealed: bytes | None = None
