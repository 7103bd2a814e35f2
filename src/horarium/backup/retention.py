"""Which old backups are deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.backup.manifest import made_of_name


def to_delete(names: Iterable[str], keep: int) -> list[str]:
    """The backups beyond the newest `keep` (0: all are kept), oldest first.

    What is not named like a backup is not ours, and stays.
    """
    backups = sorted(name for name in names if made_of_name(name) is not None)
    return backups[: max(0, len(backups) - keep)] if keep else []
