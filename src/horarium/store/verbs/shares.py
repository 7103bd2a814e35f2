"""What a workspace shares with others, in each of which a mirror of it stands: targets, and sources of audiences.

A mirror is a thing of its workspace, with an id and a key (or a name) of its own. It is used as what it mirrors: the
configuration and the secrets are read there, and nothing of them is copied. What is shown of a mirror follows what it
mirrors in the same transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from horarium.domain.audience import StoredSource
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.events import EventNote, target_disabled
from horarium.domain.ids import Id
from horarium.domain.target import Target
from horarium.store import base
from horarium.store.base import Duplicate, Tx
from horarium.store.verbs import audiences, targets
from horarium.store.verbs.tenancy import get_workspace, hold_both, hold_workspace

# How often the targets of a workspace may be shared in all, and its sources: a change of one may write so many mirrors.
MOST_SHARES = 10_000
# Why a mirror is off that is not shared any more.
NOT_SHARED = "it is not shared with this workspace any more"
# What stands for the executor of a target that cannot run, and for the type of a source that cannot be read.
_NONE = "none"


class Share(NamedTuple):
    """A thing that is shared with a workspace: the mirror of it there, with its key or name, and since when (ms)."""

    workspace_id: Id
    mirror_id: Id
    key: str | None
    created_ms: int


class _Mirror(NamedTuple):
    """A mirror: `runs_as` is its executor or type, which is 'none' where it is not shared any more."""

    workspace_id: Id
    id: Id
    key: str | None
    created_ms: int
    runs_as: str
    is_on: int


class Draft(Protocol):
    """What is asked of the draft of a mirror."""

    @property
    def workspace_id(self) -> Id: ...
    @property
    def created_ms(self) -> int: ...


D = TypeVar("D", bound=Draft)


@dataclass(frozen=True, slots=True)
class Kind(Generic[D]):
    """A kind of things that are shared. Its statements end with its `name`.

    `hold` lets nobody else change the thing or share it with the other workspace meanwhile. `standing` tells as what
    it runs, and of what it is a mirror itself (None: of nothing); it raises NotFound. `add` stores a mirror and returns
    its key. `follow` brings the mirrors of the thing up to date. `note` tells that a mirror is off. `mirror` and `idle`
    say why a mirror is not shared on, and why nothing is that cannot be used.
    """

    name: str
    hold: Callable[[Tx, Id, Id, Id], Awaitable[None]]
    standing: Callable[[Tx, Id, Id], Awaitable[tuple[str, Id | None]]]
    add: Callable[[Tx, D], Awaitable[_Mirror]]
    follow: Callable[[Tx, Id, Id, int], Awaitable[None]]
    taken: Callable[[str], Conflict]
    mirror: str
    idle: str
    note: Callable[[Id, Id, str, int], EventNote] | None = None


async def _hold_target(tx: Tx, lender: Id, target_id: Id, borrower: Id) -> None:
    await hold_workspace(tx, lender)
    await tx.row("lock_target", workspace_id=lender, id=target_id)


async def _target(tx: Tx, lender: Id, target_id: Id) -> tuple[str, Id | None]:
    target = await targets.get_target(tx, lender, target_id)
    return target.executor, target.shared_from


async def _add_target(tx: Tx, mirror: Target) -> _Mirror:
    await targets.add_target(tx, mirror)
    return _Mirror(mirror.workspace_id, mirror.id, mirror.key, mirror.created_ms, mirror.executor, 1)


async def _hold_source(tx: Tx, lender: Id, source_id: Id, borrower: Id) -> None:
    await hold_both(tx, lender, borrower)


async def _source(tx: Tx, lender: Id, source_id: Id) -> tuple[str, Id | None]:
    source = await audiences.source_with_id(tx, lender, source_id)
    return source.type, source.shared_from


async def _add_source(tx: Tx, mirror: StoredSource) -> _Mirror:
    await audiences.add_source_mirror(tx, mirror)
    return _Mirror(mirror.workspace_id, mirror.id, mirror.name, mirror.created_ms, mirror.type, 1)


TARGETS: Kind[Target] = Kind(
    "target",
    _hold_target,
    _target,
    _add_target,
    targets.follow,
    targets.key_taken,
    targets.MIRROR,
    "the target has no executor yet, so there is nothing to share",
    target_disabled,
)
SOURCES: Kind[StoredSource] = Kind(
    "source",
    _hold_source,
    _source,
    _add_source,
    audiences.follow_source,
    audiences.name_taken,
    audiences.MIRROR,
    "the source cannot be read any more, so there is nothing to share",
)


async def share(
    tx: Tx, kind: Kind[D], lender: Id, thing_id: Id, mirror: D, key: str | None = None
) -> tuple[Share, bool]:
    """Share a thing of the workspace `lender` with the workspace of `mirror`, a draft of the mirror. Whether it is new;
    where there is a mirror already it is brought up to date, and gets the key `key` if one is given.

    Raises NotFound, QuotaReached or Invalid (quota), and Conflict (key_taken; there are too many; the thing is a
    mirror, or cannot be used).
    """
    borrower, now = mirror.workspace_id, mirror.created_ms
    await kind.hold(tx, lender, thing_id, borrower)
    runs_as, shared_from = await kind.standing(tx, lender, thing_id)
    if shared_from is not None:
        raise Conflict(kind.mirror, "state")
    if runs_as == _NONE:
        raise Conflict(kind.idle, "state")
    if await get_workspace(tx, borrower) is None:
        raise NotFound("workspace")
    known = await _mirror(tx, kind, thing_id, borrower)
    new = known is None or known.runs_as == _NONE
    if new:
        (count,) = await tx.row(f"count_mirrors_{kind.name}", workspace_id=lender)
        if count >= MOST_SHARES:
            words = f"{kind.name}s of this workspace are shared {count} times, and no more may be"
            raise Conflict(words, "limit")
    if known is None:
        known = await kind.add(tx, mirror)
    elif new:
        await tx.run(f"mirror_again_{kind.name}", workspace_id=borrower, id=known.id, runs_as=runs_as)
    if key is not None and key != known.key:
        known = await _with_key(tx, kind, known, key)
    await kind.follow(tx, lender, thing_id, now)
    return Share(*known[:4]), new


async def _with_key(tx: Tx, kind: Kind[D], mirror: _Mirror, key: str) -> _Mirror:
    try:
        await tx.run(f"key_of_mirror_{kind.name}", workspace_id=mirror.workspace_id, id=mirror.id, key=key)
    except Duplicate:
        raise kind.taken(key) from None
    return mirror._replace(key=key)


async def end_share(tx: Tx, kind: Kind[D], lender: Id, thing_id: Id, borrower: Id, now: int) -> Share:
    """Share a thing with a workspace no longer. Its mirror there stays, switched off for good. Raises NotFound."""
    await kind.hold(tx, lender, thing_id, borrower)
    await kind.standing(tx, lender, thing_id)
    mirror = await _mirror(tx, kind, thing_id, borrower)
    if mirror is None or mirror.runs_as == _NONE:
        raise NotFound("share")
    await tx.run(f"end_mirror_{kind.name}", workspace_id=borrower, id=mirror.id, reason=NOT_SHARED, now=now)
    tx.announce(base.TARGETS, now)
    if kind.note is not None and mirror.is_on and borrower in tx.recording:
        tx.tell(kind.note(borrower, mirror.id, NOT_SHARED, now))
    return Share(*mirror[:4])


async def list_shares(tx: Tx, kind: Kind[D], lender: Id, thing_id: Id, after: Id, limit: int) -> list[Share]:
    """Where a thing of a workspace is shared, in the order of these workspaces' ids. Raises NotFound."""
    await kind.standing(tx, lender, thing_id)
    window = {"after": after, "limit": limit}
    rows = await tx.rows(f"list_mirrors_{kind.name}", workspace_id=lender, shared_id=thing_id, **window)
    return [Share._make(row) for row in rows]


async def _mirror(tx: Tx, kind: Kind[D], thing_id: Id, workspace_id: Id) -> _Mirror | None:
    row = await tx.row(f"mirror_in_{kind.name}", workspace_id=workspace_id, shared_id=thing_id)
    return None if row is None else _Mirror._make(row)
