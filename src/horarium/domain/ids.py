"""Ids: 16 bytes that begin with a time and end with a hash of what the id stands for.

The layout is that of a version 7 UUID: the first 48 bits are a time in milliseconds since the epoch. So the
order of bytes is the order of time, and a dialect can write the same value as a UUID, as hex, or as a ULID
behind a prefix. The hash is taken over what the id stands for. So whoever creates the same thing twice gets
the same id twice, and the primary key of the database refuses the second row.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from hashlib import blake2b

# Always 16 bytes.
Id = bytes

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Turns Crockford's digits, in either case, into those that Python's `int` reads, and other bytes into one it refuses.
_READ_AS = dict(zip(_CROCKFORD + _CROCKFORD.lower(), "0123456789abcdefghijklmnopqrstuv" * 2, strict=True))
_TO_BASE_32 = bytes(ord(_READ_AS.get(chr(byte), "!")) for byte in range(256))
# Every run that is sent carries ids as text; writing two characters at a time is twice as fast.
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_ID_CHARS = 26
MAX_TIME_MS = (1 << 48) - 1

# No id is as low or as high as these: an ascending list starts after the lowest, a descending one
# before the highest.
LOWEST_ID: Id = bytes(16)
HIGHEST_ID: Id = b"\xff" * 16

# The prefixes of the server's own ids. A key that a caller chooses must not begin like one of them.
PREFIXES = ("ws", "prn", "key", "tgt", "sch", "fire", "run", "node", "aud", "evt", "hook")
_BEGINNINGS = tuple(f"{prefix}_" for prefix in PREFIXES)

# Of the last 80 bits of an id: those that carry the hash, and those that say "UUID of version 7".
_HASHED = 0x0FFF_3FFF_FFFF_FFFF_FFFF
_UUID_7 = 0x7000_8000_0000_0000_0000


def _stamp(time_ms: int, tail: bytes) -> Id:
    """An id of a time (48 bits), the version and variant of a UUIDv7 (6 bits) and the last 74 bits of `tail`."""
    clamped = 0 if time_ms < 0 else min(time_ms, MAX_TIME_MS)
    return (clamped << 80 | int.from_bytes(tail, "big") & _HASHED | _UUID_7).to_bytes(16, "big")


def derived_id(time_ms: int, *parts: bytes) -> Id:
    """The id of what `parts` name at `time_ms`. Equal parts give equal ids; each part is hashed with its length."""
    digest = blake2b(digest_size=10)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return _stamp(time_ms, digest.digest())


# Random bytes for ids to come, in pieces of one id each. To ask the system takes longer than all the rest of making an
# id, so it is asked for many at once. A process that is forked off must not use its parent's.
_RANDOM_BYTES = 9
_ASKED_AT_ONCE = 128
_random_pieces: deque[bytes] = deque()
os.register_at_fork(after_in_child=_random_pieces.clear)

# The time of the last random id, and its number among the random ids of that millisecond.
_latest = [0, 0]


def _random_piece() -> bytes:
    """Bytes that nobody else gets, whatever thread asks."""
    while True:
        try:
            return _random_pieces.popleft()
        except IndexError:
            some = os.urandom(_RANDOM_BYTES * _ASKED_AT_ONCE)
            _random_pieces.extend(
                some[start : start + _RANDOM_BYTES] for start in range(0, len(some), _RANDOM_BYTES)
            )


def random_id(time_ms: int) -> Id:
    """A new id for something that has no natural name, such as a schedule or a key.

    Of the ids that one process creates in a millisecond, the later is the greater, so a list in order of ids
    is in order of creation. If a process creates more than some thousand ids in one millisecond, their order
    is lost, but they are still unique.
    """
    piece = _random_piece()
    place = _latest[1] + 1 if _latest[0] == time_ms else piece[-1]
    _latest[:] = time_ms, place
    return _stamp(time_ms, (place & 0xFFF).to_bytes(2, "big") + piece[:8])


# Of the ids by `numbered_id`: how many this process has made, and what tells them from those of other processes.
_numbers = itertools.count()
_own_bits = int.from_bytes(os.urandom(6), "big") & (1 << 44) - 1


def numbered_id(time_ms: int) -> Id:
    """A new id that is unique but can be guessed: for what is written often and is never a secret.

    It asks the system for no random bytes, which takes longer than all the rest. Of the ids of one process with the
    same time, the later is the greater.
    """
    number = next(_numbers)
    tail = (number >> 18 & 0xFFF) << 64 | (number & 0x3FFFF) << 44 | _own_bits
    clamped = 0 if time_ms < 0 else min(time_ms, MAX_TIME_MS)
    return (clamped << 80 | tail | _UUID_7).to_bytes(16, "big")


def fire_id(schedule_id: Id, kind: str, slot_ms: int, request: str = "") -> Id:
    """The id of a fire. There is one fire for each (schedule, kind, slot, request).

    Fires of the clock have an empty request. `slot_ms` is the time of the id. Slots before 1970 have no time in an id,
    so they are hashed instead.
    """
    named = schedule_id + kind.encode() + b"\0" + request.encode()
    if slot_ms < 0:
        named += b"\0" + str(slot_ms).encode()
    return _stamp(slot_ms, blake2b(named, digest_size=10).digest())


def run_id(of_fire: Id, row_key: str = "", generation: int = 0) -> Id:
    """The id of a run. There is one run for each (fire, row key, generation). It has the time of the fire's id.

    The only run of a fire without an audience has the id of the fire, because both are one row unless the fire has
    waited: so neither has to be looked up by the other."""
    if not row_key and not generation:
        return of_fire
    tail = blake2b(of_fire + generation.to_bytes(4, "big") + row_key.encode(), digest_size=10).digest()
    return of_fire[:6] + (int.from_bytes(tail, "big") & _HASHED | _UUID_7).to_bytes(10, "big")


def row_run_id(of_fire: Id, row_key: str, place: int) -> Id:
    """The id of a run for a row of an audience that promises distinct keys.

    Runs that are written in one transaction have the same `place`. The bits after the time are 18 bits of the
    fire's id plus the place, then 56 bits of hash. So the runs of one transaction are neighbours in every
    index, and writing them touches few pages instead of one page for each row.
    """
    own = int.from_bytes(of_fire[6:9], "big") + place
    tail = blake2b(of_fire + row_key.encode(), digest_size=7).digest()
    return of_fire[:6] + bytes((0x70 | own >> 14 & 0x0F, own >> 6 & 0xFF, 0x80 | own & 0x3F)) + tail


def id_time(an_id: Id) -> int:
    """The time in an id, in milliseconds since the epoch."""
    return int.from_bytes(an_id[:6], "big")


def lowest_id_at(time_ms: int) -> Id:
    """The lowest id with the time `time_ms`: where a scan over a range of times begins or ends."""
    return min(max(time_ms, 0), MAX_TIME_MS).to_bytes(6, "big") + bytes(10)


def ulid(an_id: Id) -> str:
    """An id written as a ULID: 26 characters of Crockford's base 32."""
    n, pair = int.from_bytes(an_id, "big"), _PAIRS
    # Written out, because a loop takes 1.5 times as long.
    return (
        f"{pair[n >> 120]}{pair[n >> 110 & 1023]}{pair[n >> 100 & 1023]}{pair[n >> 90 & 1023]}"
        f"{pair[n >> 80 & 1023]}{pair[n >> 70 & 1023]}{pair[n >> 60 & 1023]}{pair[n >> 50 & 1023]}"
        f"{pair[n >> 40 & 1023]}{pair[n >> 30 & 1023]}{pair[n >> 20 & 1023]}{pair[n >> 10 & 1023]}"
        f"{pair[n & 1023]}"
    )


def from_ulid(text: str) -> Id | None:
    """The id that a ULID stands for, or None if the text is not a ULID."""
    if len(text) != _ID_CHARS:
        return None
    try:
        number = int(text.encode().translate(_TO_BASE_32), 32)
    except ValueError:
        return None
    return number.to_bytes(16, "big") if number < 1 << 128 else None


def prefixed(prefix: str, an_id: Id) -> str:
    """An id as the project's own API writes it: `sch_01J...`."""
    return f"{prefix}_{ulid(an_id)}"


def from_prefixed(prefix: str, text: str) -> Id | None:
    """The id in a text such as `sch_01J...`, or None if the text is not an id with this prefix."""
    head, _, tail = text.partition("_")
    return from_ulid(tail) if head == prefix else None


def uuid_text(an_id: Id) -> str:
    """An id written as a UUID in lower case, with hyphens."""
    h = an_id.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def from_uuid_text(text: str) -> Id | None:
    """The id that a UUID with hyphens stands for, or None if the text is not one."""
    if len(text) != 36 or [text[i] for i in (8, 13, 18, 23)] != ["-"] * 4:
        return None
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return raw if len(raw) == 16 else None


def looks_like_our_id(text: str) -> bool:
    """Whether a text begins like one of the server's own ids. A caller must not choose such a text as a key."""
    return text.startswith(_BEGINNINGS)
