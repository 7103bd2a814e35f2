"""Which old backups are deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.backup.manifest import file_name, made_of_name


def to_delete(names: Iterable[str], keep: int, made_ms: int) -> list[str]:
    """The backups beyond the newest `keep` (0: all are kept), oldest first. The newest is the one that was made at
    `made_ms`: one of a later instant was made by a clock that was ahead, stays, and takes the place of none.

    What is not named like a backup is not ours, and stays.
    """
    last = file_name(made_ms)
    backups = sorted(name for name in names if made_of_name(name) is not None and name <= last)
    return backups[: max(0, len(backups) - keep)] if keep else []
