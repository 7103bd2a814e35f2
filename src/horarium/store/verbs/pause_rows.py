"""Pauses as they are written and read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from horarium.domain.ids import Id
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp


class _StoredPause(NamedTuple):
    """The columns of `pause_columns`."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    from_ms: int
    ends_ms: int | None
    catch_up: str
    note: str | None
    principal_id: Id | None
    window_id: Id | None


class PauseRow(NamedTuple):
    """A pause as it is entered. `settled` is 1 where no release has to know of it."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    from_ms: int
    ends_ms: int | None
    catch_up: str
    note: str | None
    principal_id: Id | None
    settled: int
    window_id: Id | None


def pause_of_row(row: Sequence[Any]) -> Pause:
    stored = _StoredPause._make(row)
    return Pause(
        stored.id,
        stored.workspace_id,
        stored.schedule_id,
        stored.from_ms,
        stored.ends_ms,
        CatchUp(stored.catch_up),
        stored.note,
        stored.principal_id,
        stored.window_id,
    )


def pause_row(pause: Pause) -> PauseRow:
    return PauseRow(
        pause.id,
        pause.workspace_id,
        pause.schedule_id,
        pause.from_ms,
        pause.ends_ms,
        pause.catch_up.value,
        pause.note,
        pause.by,
        0 if pause.schedule_id is None or pause.window_id is not None else 1,
        pause.window_id,
    )
