"""How dialects write single values: instants, ids, references to targets, and how a fire went."""

from __future__ import annotations

from horarium.api.fields import instant_or_none, instant_text
from horarium.domain.fire import Fire
from horarium.domain.ids import Id, from_prefixed, from_ulid, from_uuid_text, prefixed, ulid, uuid_text
from horarium.domain.run import Run
from horarium.domain.target import Target
from horarium.times import held_ms, local_text


def zoned_text(at_ms: int, zone_name: str, milliseconds: bool = False) -> str:
    """RFC 3339 with the offset that holds in a zone at that instant: 2024-01-29T09:00:00-05:00."""
    at_ms = held_ms(at_ms)
    text = local_text(zone_name, at_ms // 1000)
    seconds_end = len("2024-01-29T09:00:00")
    return f"{text[:seconds_end]}.{at_ms % 1000:03d}{text[seconds_end:]}" if milliseconds else text


def utc_text(at_ms: int, milliseconds: bool = False) -> str:
    """RFC 3339 in UTC, whole seconds unless told otherwise: 2024-12-16T09:00:00Z."""
    return zoned_text(at_ms, "UTC", milliseconds).removesuffix("+00:00") + "Z"


def utc_or_none(at_ms: int | None) -> str | None:
    """As `utc_text`; None stays None."""
    return None if at_ms is None else utc_text(at_ms)


def dashed(prefix: str, an_id: Id) -> str:
    """An id as `prefix-01J...`."""
    return f"{prefix}-{ulid(an_id)}"


def from_dashed(prefix: str, ours: str, text: str) -> Id | None:
    """The id behind what `dashed` gave. How our own API writes it (`ours_01J...`) and a UUID are accepted too."""
    return undashed(prefix, text) or from_prefixed(ours, text) or from_uuid_text(text)


def undashed(prefix: str, text: str) -> Id | None:
    """The id behind what `dashed` gave, and None for any other text."""
    head, _, tail = text.partition("-")
    return from_ulid(tail) if head == prefix else None


def reference_to(target: Target, given: str | None = None) -> str:
    """How a target is named to a caller: as they named it, while that still names it; else by its key; else by its
    id as a UUID."""
    names = (target.key, uuid_text(target.id), prefixed("tgt", target.id), str(target.number))
    return given if given is not None and given in names else target.key or uuid_text(target.id)


_OUTCOMES = {"completed": "success", "running": "running", "resolving": "running", "waiting": "running"}


def outcome_word(fire_state: str) -> str:
    """How a fire stands: success, running or failed. One that was cancelled, or of which a part failed, has failed."""
    return _OUTCOMES.get(fire_state, "failed")


def failure_of(fire: Fire, run: Run | None) -> str:
    """Why a fire failed."""
    return (run.error if run else None) or fire.error or "the run was cancelled"


__all__ = [
    "dashed",
    "failure_of",
    "from_dashed",
    "instant_or_none",
    "instant_text",
    "outcome_word",
    "reference_to",
    "undashed",
    "utc_or_none",
    "utc_text",
    "zoned_text",
]
