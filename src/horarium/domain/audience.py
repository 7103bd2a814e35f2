"""Audiences: the people or things that a fire is for.

A schedule names an audience. When it fires, a source turns the audience into rows, each with a stable key,
and every row gets a run of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import orjson

from horarium.domain.errors import HorariumError, Problem
from horarium.domain.ids import Id
from horarium.domain.json_text import TOO_DEEP, too_deep
from horarium.domain.near_names import did_you_mean
from horarium.domain.same_json import HoldsJson

# The longest row key, in characters.
ROW_KEY_LIMIT = 500
# The largest data of one row, in bytes of JSON.
ROW_SIZE_LIMIT = 256 * 1024
# The longest list in a filter.
LIST_LIMIT = 10_000
# Members of an audience or of its filter; there are never more than a few, and each unknown one is a problem.
MOST_MEMBERS = 50


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One row of an audience.

    `key` identifies the row: it is unique within the audience and the same every time the audience is read.
    `data` is what the row's run is given; it can be written as JSON.
    """

    key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows of an audience, and the position from which the next page continues (None: this was the last page)."""

    rows: Sequence[AudienceRow]
    position: str | None


@dataclass(frozen=True, slots=True)
class AudienceQuery:
    """What a source is asked to read.

    `type` and `filter` are those of the audience. `config` is the source's own configuration, with its
    secrets filled in. `now_ms` is the instant (milliseconds since the epoch) at which conditions such as
    "overdue" are judged. It is the same for all reading that one fire does, also when a crash makes
    another node continue it. `workspace_id` and `type` are those of the workspace that has the source. `asked_by`
    is the workspace whose audience it is, where that is another one: the source is shared with it.
    """

    workspace_id: Id
    type: str
    filter: Mapping[str, Any]
    now_ms: int
    config: Mapping[str, Any] = field(default_factory=dict)
    asked_by: Id | None = None

    @property
    def audience_of(self) -> Id:
        """The workspace whose audience it is."""
        return self.workspace_id if self.asked_by is None else self.asked_by


class SourceFault(HorariumError):
    """A source could not be read. The message contains no secrets and may be shown to users of its workspace.

    `lasting` tells that trying again will not help, because the cause is in the configuration or in the rows. `abroad`
    is what a workspace is told that the source is shared with, and that must not see how the source is set up; where it
    is left out, nothing is told there of the cause.
    """

    def __init__(self, message: str, lasting: bool = False, abroad: str | None = None) -> None:
        self.lasting, self.abroad = lasting, abroad
        super().__init__(message)


class OpenFault(SourceFault):
    """A fault whose message tells nothing of how the source is set up, so that everybody may read it."""

    def __init__(self, message: str, lasting: bool = False) -> None:
        super().__init__(message, lasting, message)


class AnySource(Protocol):
    """What every type of source can do. One instance serves the whole process; it is found by its entry point.

    `distinct` promises that no key is ever returned twice. Without that promise, duplicates are found by the
    ids of the runs, which takes longer. `check` returns what is wrong with a configuration. `split`
    separates a configuration into the part that may be shown and the secrets, by path. `check_filter`
    returns what is wrong with the filter of an audience, with fields relative to the filter. Every method
    that reads rows raises SourceFault.
    """

    type: str
    distinct: bool

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]: ...

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]: ...

    def check_filter(self, query: AudienceQuery) -> Sequence[Problem]: ...

    async def close(self) -> None: ...


class PagedSource(AnySource, Protocol):
    """A source that is read page by page in the order of keys, and can continue from a position after a crash."""

    paged: Literal[True]

    async def count(self, query: AudienceQuery, most: int) -> int:
        """Count the rows, but no further than `most`."""

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        """The next `limit` rows (or fewer) after `position`; None starts at the beginning."""


class StreamingSource(AnySource, Protocol):
    """A source that can only be read from beginning to end. Its rows are stored before the first run starts."""

    paged: Literal[False]

    def rows(self, query: AudienceQuery) -> AsyncGenerator[Sequence[AudienceRow], None]:
        """All rows, in batches."""


Source = PagedSource | StreamingSource


def audience_problems(audience: Any, name: str = "audience") -> list[Problem]:
    """What is wrong with the form of an audience, which is {"type": ..., "filter": {...}}. Fields start with `name`."""
    if not isinstance(audience, Mapping):
        return [Problem(name, 'must be an object such as {"type": "contacts", "filter": {}}', "type")]
    if len(audience) > MOST_MEMBERS:
        return [Problem(name, f"has {len(audience)} members; an audience has type and filter", "unknown")]
    problems = []
    kind, given = audience.get("type"), audience.get("filter")
    if not isinstance(kind, str) or not kind or "\0" in kind:
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


# Returns what is wrong with a value, or None.
Check = Callable[[Any], str | None]


def _is_text(value: Any) -> str | None:
    return None if _can_match(value) else "must be a text and not empty, without NUL characters"


def _can_match(value: Any) -> bool:
    """Whether a value is a text that an item could have. None has a NUL character, and PostgreSQL looks for none."""
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_texts(value: Any) -> str | None:
    if not isinstance(value, list) or not all(map(_can_match, value)):
        return 'must be an array of texts without NUL characters, such as ["a", "b"]'
    return None if len(value) <= LIST_LIMIT else f"has {len(value)} entries; at most {LIST_LIMIT} are allowed"


def _is_flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _whole(least: int) -> Check:
    def check(value: Any) -> str | None:
        fine = isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1_000_000_000
        return None if fine else f"must be a whole number of at least {least}"

    return check


# The audience types that every workspace has, which read its directory, each with the keys of its filter.
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


def filter_problems(kind: str, given: Mapping[str, Any], name: str = "audience.filter") -> list[Problem]:
    """What is wrong with the filter `given` for one of AUDIENCE_TYPES. A null counts as left out."""
    known = AUDIENCE_TYPES[kind]
    if len(given) > MOST_MEMBERS:
        words = f"has {len(given)} members; the filters of {kind} are {', '.join(known)}"
        return [Problem(name, words, "unknown")]
    problems = []
    for key, value in given.items():
        if key not in known:
            words = f"is not a filter of {kind}; {did_you_mean(key, known, 'filters')}"
            problems.append(Problem(f"{name}.{key}", words, "unknown"))
        elif value is not None and (wrong := known[key](value)) is not None:
            problems.append(Problem(f"{name}.{key}", wrong, "type"))
    return problems


def row_text(row: AudienceRow) -> str:
    """The data of a row as JSON text. Raises SourceFault for a row that cannot become a run."""
    fault = key_fault(row.key)
    if fault is not None:
        raise SourceFault(fault, lasting=True)
    return data_text(row)


def data_text(row: AudienceRow) -> str:
    """As `row_text`, whatever the key is."""
    try:
        text = orjson.dumps(row.data)
    except TypeError as error:
        raise SourceFault(f"the row {row.key!r} is not JSON: {error}", lasting=True) from None
    if len(text) > ROW_SIZE_LIMIT:
        raise SourceFault(f"the row {row.key!r} is larger than {ROW_SIZE_LIMIT} bytes", lasting=True)
    if too_deep(row.data, text):
        raise SourceFault(f"the row {row.key!r} {TOO_DEEP}", lasting=True)
    return text.decode()


def key_fault(key: Any) -> str | None:
    """Why a key cannot be that of a row, or None."""
    if not isinstance(key, str) or not key:
        return "the audience has a row without a key; a key is a text or a whole number"
    if len(key) > ROW_KEY_LIMIT:
        return f"the audience has a row whose key is longer than {ROW_KEY_LIMIT} characters"
    if "\0" in key or any("\ud800" <= char <= "\udfff" for char in key):
        return "the audience has a row whose key contains NUL or an unpaired surrogate character"
    return None


def repeated_fault(key: str | None) -> str:
    """The words for a key that two rows have in common."""
    return f"the audience has the row key {key!r} twice"


def repeated_key(rows: Sequence[AudienceRow]) -> str | None:
    """The first key that two rows have in common, or None."""
    seen: set[str] = set()
    for row in rows:
        if row.key in seen:
            return row.key
        seen.add(row.key)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class StoredSource(HoldsJson):
    """A source that a workspace has set up.

    `config` has `***` in place of each secret; `sealed` holds the encrypted secrets. `shared_from` is the source of
    another workspace that this one is a mirror of, which has neither a configuration nor secrets; `off_reason` says why
    a mirror cannot be read now. Times are milliseconds since the epoch.
    """

    json_fields = ("config",)

    workspace_id: Id
    name: str
    id: Id
    type: str
    config: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    sealed: bytes | None = None
    shared_from: Id | None = None
    off_reason: str | None = None
