"""Ids: 128 bits, a nominal time in milliseconds first, then a hash of what they stand for.

The layout is that of a version 7 UUID, so one value can be written as a UUID, as a ULID behind a prefix, or as
hex, whatever a dialect prints; byte order is time order. Because the hash is taken over what the id stands for,
making the same thing twice gives the same id, and the database's primary key refuses the second.
"""

from __future__ import annotations

import os
from hashlib import blake2b

Id = bytes

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE_OF = {c: i for i, c in enumerate(_CROCKFORD)} | {c.lower(): i for i, c in enumerate(_CROCKFORD)}
# Ids are written for every run that goes out: two characters at a time is twice as fast.
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_ID_CHARS = 26
MAX_TIME_MS = (1 << 48) - 1

# No id is as low or as high as these: an ascending list starts after the lowest, a descending one before the highest.
LOWEST_ID: Id = bytes(16)
HIGHEST_ID: Id = b"\xff" * 16

PREFIXES = ("ws", "prn", "key", "tgt", "sch", "fire", "run", "node")
"""Prefixes of our own ids; a key that a caller chooses may not look like one of these."""


_HASHED = 0x0FFF_3FFF_FFFF_FFFF_FFFF
"""Of the last 80 bits those that carry the hash."""
_UUID_7 = 0x7000_8000_0000_0000_0000
"""Of the last 80 bits those that tell version and variant."""


def _stamp(time_ms: int, tail: bytes) -> Id:
    """Time in the first 48 bits, the version and variant bits of a UUIDv7, 74 bits of `tail`."""
    clamped = 0 if time_ms < 0 else min(time_ms, MAX_TIME_MS)
    return (clamped << 80 | int.from_bytes(tail, "big") & _HASHED | _UUID_7).to_bytes(16, "big")


def derived_id(time_ms: int, *parts: bytes) -> Id:
    """The id of what `parts` name at `time_ms`; equal parts, equal id. Parts are length-prefixed."""
    digest = blake2b(digest_size=10)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return _stamp(time_ms, digest.digest())


_latest = [0, 0]
"""The instant of the last random id, and its place among those of that instant."""


def random_id(time_ms: int) -> Id:
    """A new id for something that has no natural name (a schedule, a key).

    Of the ids that a process makes in one millisecond, the later is the greater: lists in order of ids are in
    order of creation. Beyond some thousand in a millisecond the order is lost, never the uniqueness.
    """
    place = _latest[1] + 1 if _latest[0] == time_ms else int.from_bytes(os.urandom(1), "big")
    _latest[:] = time_ms, place
    return _stamp(time_ms, (place & 0xFFF).to_bytes(2, "big") + os.urandom(8))


def fire_id(schedule_id: Id, kind: str, slot_ms: int, request: str = "") -> Id:
    """One fire per (schedule, kind, slot, request): the clock's own fires have an empty request."""
    return _stamp(
        slot_ms, blake2b(schedule_id + kind.encode() + b"\0" + request.encode(), digest_size=10).digest()
    )


def run_id(of_fire: Id, row_key: str = "", generation: int = 0) -> Id:
    """One run per (fire, row key, generation); it carries the fire's time."""
    tail = blake2b(of_fire + generation.to_bytes(4, "big") + row_key.encode(), digest_size=10).digest()
    return of_fire[:6] + (int.from_bytes(tail, "big") & _HASHED | _UUID_7).to_bytes(10, "big")


def row_run_id(of_fire: Id, row_key: str, place: int) -> Id:
    """The id of a run for a row of an audience whose keys are distinct: runs that are written together have one
    `place` and lie together.

    Behind the time stand 18 bits of the fire's own, moved on by the place, then 56 bits of hash. So what one
    transaction writes is one stretch of every index, not a page for each row.
    """
    own = int.from_bytes(of_fire[6:9], "big") + place
    tail = blake2b(of_fire + row_key.encode(), digest_size=7).digest()
    return of_fire[:6] + bytes((0x70 | own >> 14 & 0x0F, own >> 6 & 0xFF, 0x80 | own & 0x3F)) + tail


def id_time(an_id: Id) -> int:
    """The nominal time of an id, in milliseconds."""
    return int.from_bytes(an_id[:6], "big")


def lowest_id_at(time_ms: int) -> Id:
    """The smallest id that can carry `time_ms`: a bound for range scans."""
    return min(max(time_ms, 0), MAX_TIME_MS).to_bytes(6, "big") + bytes(10)


def ulid(an_id: Id) -> str:
    """26 characters of Crockford's base 32, as ULIDs are written."""
    n, pair = int.from_bytes(an_id, "big"), _PAIRS
    # Written out: a loop over the places takes half as long again.
    return (
        f"{pair[n >> 120]}{pair[n >> 110 & 1023]}{pair[n >> 100 & 1023]}{pair[n >> 90 & 1023]}"
        f"{pair[n >> 80 & 1023]}{pair[n >> 70 & 1023]}{pair[n >> 60 & 1023]}{pair[n >> 50 & 1023]}"
        f"{pair[n >> 40 & 1023]}{pair[n >> 30 & 1023]}{pair[n >> 20 & 1023]}{pair[n >> 10 & 1023]}"
        f"{pair[n & 1023]}"
    )


def from_ulid(text: str) -> Id | None:
    """The id a ULID text stands for, or None when it is not one."""
    if len(text) != _ID_CHARS or not text.isascii():
        return None
    number = 0
    for char in text:
        value = _VALUE_OF.get(char)
        if value is None:
            return None
        number = number << 5 | value
    return number.to_bytes(16, "big") if number < 1 << 128 else None


def prefixed(prefix: str, an_id: Id) -> str:
    """How our own API writes an id: `sch_01J...`."""
    return f"{prefix}_{ulid(an_id)}"


def from_prefixed(prefix: str, text: str) -> Id | None:
    """The id behind `prefix_`, or None when the text is not one of that kind."""
    head, _, tail = text.partition("_")
    return from_ulid(tail) if head == prefix else None


def uuid_text(an_id: Id) -> str:
    """The id in the usual writing of a UUID."""
    h = an_id.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def from_uuid_text(text: str) -> Id | None:
    """The id behind a UUID text in its usual writing, or None."""
    if len(text) != 36 or [text[i] for i in (8, 13, 18, 23)] != ["-"] * 4:
        return None
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return raw if len(raw) == 16 else None


def looks_like_our_id(text: str) -> bool:
    """Whether a text could be mistaken for one of our own ids (a caller may not choose it as a key)."""
    return any(text.startswith(f"{prefix}_") for prefix in PREFIXES)
