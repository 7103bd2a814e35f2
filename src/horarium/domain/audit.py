"""The audit log: what an entry says, how entries are hashed and chained, and how a chain is verified.

Entries are linked into one chain for each workspace. A link holds, for each of its entries, the entry's id and a
digest: SHA-256 of a random salt and the entry's content. The hash of a link covers these digests and the hash of the
link before it. So whoever changes, removes or inserts something breaks the chain. The chain does not contain what
entries say. So the content of an entry can be erased together with its salt, and the chain still verifies; without
the salt nobody can guess the content from its digest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from horarium.domain.ids import Id

# The hash that stands before the first link of a chain.
NO_HASH = bytes(32)
SALT_BYTES = 16
# The most entries of one link.
LINK_ENTRIES = 1_000
# Actions of the log about itself: contents were erased; old entries were deleted because their time was over.
ERASED = "audit.erased"
FORGOTTEN = "audit.forgotten"
# Another action begins with the kind of thing that it is about: "schedule.created".
REFUSED = "refused"

_ID_BYTES = 16
_DIGEST_BYTES = 32
_STEP = _ID_BYTES + _DIGEST_BYTES
# Hashed before everything else, so that a hash of this chain is not a hash of anything else.
_PURPOSE = b"horarium audit link 1\0"


class Actor(NamedTuple):
    """Who makes a change, and from where. All fields are None for the server itself.

    `address` is the address that the request came from, `request` the id of the request.
    """

    principal_id: Id | None = None
    key_id: Id | None = None
    address: str | None = None
    request: str | None = None


class AuditEntry(NamedTuple):
    """An entry as a transaction writes it: `content` is a JSON object on one line, the rest is there for filters.

    `subject` names what was changed: a prefix of ids, a colon, and the id in hex ("sch:0190..."), or a name.
    """

    id: Id
    workspace_id: Id
    action: str
    subject: str
    principal_id: Id | None
    content: bytes


# The action of the one entry for schedules that were created together. It has their ids alone, in hexadecimal.
SCHEDULES_CREATED = "schedules.created"


class LinkedEntry(NamedTuple):
    """An entry in the chain. Once it is erased, only its id and `erased_by` are left: the entry that tells of the
    erasure."""

    id: Id
    action: str
    subject: str
    principal_id: Id | None
    salt: bytes | None
    content: str | None
    erased_by: Id | None


class Link(NamedTuple):
    """One link of a workspace's chain. Numbers begin with 1. `entries` are ids, each followed by its digest."""

    number: int
    entries: bytes
    hash: bytes
    linked_ms: int


class Anchor(NamedTuple):
    """The end of what was deleted because its time was over: the chain goes on after this link."""

    number: int = 0
    hash: bytes = NO_HASH


def content_of(at_ms: int, action: str, subject: str, by: Actor, said: dict[str, Any]) -> bytes:
    """The content of an entry. `said` is what this action has to say, such as `before` and `after`."""
    who = {
        "principal": None if by.principal_id is None else by.principal_id.hex(),
        "key": None if by.key_id is None else by.key_id.hex(),
        "address": by.address,
        "request": by.request,
    }
    content = {"at": at_ms, "action": action, "subject": subject, "by": who, **said}
    try:
        return orjson.dumps(content)
    except TypeError:  # a whole number of more than 64 bits
        return json.dumps(content, default=str).encode()


def digest_of(salt: bytes, content: bytes) -> bytes:
    """What the chain holds of an entry (32 bytes)."""
    return sha256(salt + content).digest()


def link_hash(before: bytes, workspace_id: Id, number: int, entries: bytes) -> bytes:
    """The hash of a link (32 bytes). `before` is the hash of the link before it."""
    return sha256(_PURPOSE + before + workspace_id + number.to_bytes(8, "big") + entries).digest()


def pairs(entries: bytes) -> Iterator[tuple[Id, bytes]]:
    """The entries of a link: ids and digests."""
    for start in range(0, len(entries), _STEP):
        yield entries[start : start + _ID_BYTES], entries[start + _ID_BYTES : start + _STEP]


@dataclass(slots=True)
class Verifier:
    """Verifies the chain of one workspace, link by link, and gathers what is wrong in `problems`.

    It begins at the anchor that the server names. `expected` are hashes by link number that were noted earlier, outside
    of the server: only these show that somebody has made a whole new chain.
    """

    workspace_id: Id
    anchor: Anchor
    expected: dict[int, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    links: int = 0
    entries: int = 0
    erased: int = 0
    number: int = 0
    hash: bytes = NO_HASH
    _erasures: Counter[Id] = field(default_factory=Counter)
    _told: Counter[Id] = field(default_factory=Counter)
    _anchors: set[Anchor] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.number, self.hash = self.anchor

    def add(self, link: Link, entries: Sequence[LinkedEntry]) -> None:
        """Verify the next link with those of its entries that the server has."""
        if link.number != self.number + 1:
            self.problems.append(f"link {self.number + 1} is missing: the next one is {link.number}")
        elif link_hash(self.hash, self.workspace_id, link.number, link.entries) != link.hash:
            self.problems.append(f"link {link.number} does not continue link {self.number}")
        if self.expected.get(link.number, link.hash) != link.hash:
            self.problems.append(f"link {link.number} has another hash than the one that was noted")
        self.number, self.hash = link.number, link.hash
        self.links += 1
        there = {entry.id: entry for entry in entries}
        for entry_id, digest in pairs(link.entries):
            self.entries += 1
            self._verify(link.number, entry_id, digest, there.pop(entry_id, None))
        self.problems += [f"entry {extra.hex()} is not in link {link.number}" for extra in there]

    def _verify(self, number: int, entry_id: Id, digest: bytes, entry: LinkedEntry | None) -> None:
        where = f"entry {entry_id.hex()} of link {number}"
        if entry is None:
            self.problems.append(f"{where} is missing")
        elif entry.erased_by is not None:
            self.erased += 1
            self._erasures[entry.erased_by] += 1
        elif (
            entry.salt is None
            or entry.content is None
            or digest_of(entry.salt, entry.content.encode()) != digest
        ):
            self.problems.append(f"{where} was changed")
        else:
            self._read(where, entry, orjson.loads(entry.content))

    def _read(self, where: str, entry: LinkedEntry, content: dict[str, Any]) -> None:
        principal = None if entry.principal_id is None else entry.principal_id.hex()
        filters = (entry.action, entry.subject, principal)
        if filters != (content["action"], content["subject"], content["by"]["principal"]):
            self.problems.append(f"{where} is filed under another action, subject or principal than it says")
        if entry.action == ERASED:
            self._told[entry.id] = content["entries"]
        if entry.action == FORGOTTEN:
            self._anchors.add(Anchor(content["upto"], bytes.fromhex(content["hash"])))

    def finish(self, last: int) -> None:
        """Verify what only the whole chain tells. `last` is the number of the link with which it shall end."""
        if self.number != last:
            self.problems.append(f"the chain shall end with link {last}, but ends with link {self.number}")
        if self.anchor != Anchor() and self.anchor not in self._anchors:
            self.problems.append(f"no entry tells that the links up to {self.anchor.number} were deleted")
        whole = self.anchor == Anchor()  # else some of what was erased may have been deleted with its link
        for erasure, count in self._erasures.items():
            if count > self._told[erasure] or (whole and count < self._told[erasure]):
                words = f"{count} entries are erased by {erasure.hex()}, which tells of {self._told[erasure]}"
                self.problems.append(words)
        for number in self.expected:
            if number > self.number:
                self.problems.append(f"link {number} was noted, but the chain ends with link {self.number}")


def packed(entries: Iterable[AuditEntry]) -> bytes:
    """Entries of one workspace as one row holds them until they are linked: one line for each."""
    return b"\n".join(
        b"\t".join(
            (
                entry.id.hex().encode(),
                entry.action.encode(),
                entry.subject.encode(),
                b"" if entry.principal_id is None else entry.principal_id.hex().encode(),
                entry.content,
            )
        )
        for entry in entries
    )


def unpacked(workspace_id: Id, text: bytes) -> Iterator[AuditEntry]:
    """The entries that `packed` wrote."""
    for line in text.split(b"\n"):
        entry_id, action, subject, principal, content = line.split(b"\t", 4)
        yield AuditEntry(
            bytes.fromhex(entry_id.decode()),
            workspace_id,
            action.decode(),
            subject.decode(),
            bytes.fromhex(principal.decode()) or None,
            content,
        )
