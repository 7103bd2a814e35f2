"""Actions on many things at once, as they are stored: what was asked for, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.actions import NOBODY, Action, ActionKind, ActionState, Standing, Taker
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import Id, lowest_id_at
from horarium.domain.restrictions import restriction_from_text, restriction_to_text
from horarium.store.base import Tx
from horarium.store.verbs.tenancy import hold_workspace

# How many actions of a workspace may be under way.
MOST_OPEN = 10
# For how long an action can be looked at, in milliseconds. One that is under way is kept longer.
KEPT_MS = 30 * 86_400_000
# How many that are older a new one deletes.
FORGOTTEN_AT_ONCE = 100


class StoredAction(NamedTuple):
    """The columns of `action_columns`."""

    id: Id
    workspace_id: Id
    kind: str
    filter: str
    given: str
    taker: str
    created_ms: int
    updated_ms: int
    state: str
    position: bytes
    changed: int
    unchanged: int
    refused: int
    problems: str
    error: str | None
    finished_ms: int | None


def action_from_row(row: Sequence[Any]) -> Action:
    """An action from a row that has the columns of `action_columns`."""
    stored = StoredAction._make(row)
    by = orjson.loads(stored.taker)
    taker = Taker(
        bytes.fromhex(by["principal"]),
        bytes.fromhex(by["key"]),
        by["address"],
        by["request"],
        restriction_from_text(by["restriction"]),
    )
    return Action(
        stored.id,
        stored.workspace_id,
        ActionKind(stored.kind),
        _values(stored.filter),
        _values(stored.given),
        taker,
        stored.created_ms,
        stored.updated_ms,
        ActionState(stored.state),
        stored.position,
        stored.changed,
        stored.unchanged,
        stored.refused,
        orjson.loads(stored.problems),
        stored.error,
        stored.finished_ms,
    )


def _values(text: str) -> dict[str, Any]:
    """The values that `_text` wrote: those of names that end in _id or _by are ids, labels are pairs."""
    found = orjson.loads(text)
    for name, value in found.items():
        if name.endswith(("_id", "_by")) and value is not None:
            found[name] = bytes.fromhex(value)
        elif isinstance(value, list):
            found[name] = tuple(map(tuple, value))
    return dict(found)


def _text(values: Any) -> str:
    return orjson.dumps(dict(values), default=bytes.hex).decode()


def _row(action: Action) -> StoredAction:
    by = action.by
    taker = {
        "principal": by.principal_id.hex(),
        "key": by.key_id.hex(),
        "address": by.address,
        "request": by.request,
        "restriction": restriction_to_text(by.restriction),
    }
    return StoredAction(
        action.id,
        action.workspace_id,
        action.kind.value,
        _text(action.filter),
        _text(action.given),
        orjson.dumps(taker).decode(),
        action.created_ms,
        action.updated_ms,
        action.state.value,
        action.position,
        action.changed,
        action.unchanged,
        action.refused,
        orjson.dumps(list(action.problems)).decode(),
        action.error,
        action.finished_ms,
    )


async def take_action(tx: Tx, action: Action) -> Action:
    """Store a new action. Raises Conflict where as many are under way in the workspace as may be."""
    await hold_workspace(tx, action.workspace_id)
    oldest = lowest_id_at(action.created_ms - KEPT_MS)
    await tx.run(
        "forget_actions", workspace_id=action.workspace_id, older_than=oldest, limit=FORGOTTEN_AT_ONCE
    )
    (count,) = await tx.row("count_open_actions", workspace_id=action.workspace_id)
    if count >= MOST_OPEN:
        words = f"{MOST_OPEN} actions of this workspace are under way, and no more may be: wait until one has ended"
        raise Conflict(words, "limit")
    await tx.many("insert_actions", [_row(action)])
    return action


async def get_action(tx: Tx, workspace_id: Id, action: Id) -> Action:
    """An action of a workspace. Raises NotFound."""
    row = await tx.row("get_action", id=action, workspace_id=workspace_id)
    if row is None:
        raise NotFound("action")
    return action_from_row(row)


async def list_actions(
    tx: Tx, workspace_id: Id, limit: int, cursor: Id, of_runs: bool = True, of_schedules: bool = True
) -> list[Action]:
    """Up to `limit` actions of a workspace with lower ids than `cursor`, the latest first."""
    rows = await tx.rows(
        "list_actions",
        workspace_id=workspace_id,
        cursor=cursor,
        of_runs=int(of_runs),
        of_schedules=int(of_schedules),
        limit=limit,
    )
    return [action_from_row(row) for row in rows]


async def hold_action(tx: Tx, action: Id | None) -> Action | None:
    """An action that is under way, so that nobody else goes on with it in this transaction: the one that is named, or
    the one that has waited longest. None where there is none."""
    if action is None and await tx.row("any_action") is None:
        return None
    row = await (tx.row("next_action") if action is None else tx.row("open_action", id=action))
    return None if row is None else action_from_row(row)


async def move_action(tx: Tx, action: Action) -> None:
    """Store how far an action has come."""
    row = _row(action)
    await tx.run(
        "move_action",
        id=row.id,
        workspace_id=row.workspace_id,
        updated_ms=row.updated_ms,
        state=row.state,
        position=row.position,
        changed=row.changed,
        unchanged=row.unchanged,
        refused=row.refused,
        problems=row.problems,
        error=row.error,
        finished_ms=row.finished_ms,
    )


async def standing_of_taker(tx: Tx, action: Action) -> Standing:
    """What has become of who took an action, and of its workspace."""
    by = action.by
    row = await tx.row(
        "standing_of_taker",
        workspace_id=action.workspace_id,
        principal_id=by.principal_id,
        key_id=by.key_id,
    )
    return NOBODY if row is None else Standing._make(row)
