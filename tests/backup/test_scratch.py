"""A backup and a restore leave nothing of their work behind, also where an earlier one was killed in its middle."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from horarium.backup import scratch
from horarium.backup.making import make_backup
from horarium.backup.restoring import restore
from horarium.backup.scratch import scratch_folder
from horarium.store.migrate import migrate

HOUR_S = 3_600


def left_by_a_killed_process(place: Path, ago_s: float) -> Path:
    """A folder with a part of a backup, last written to so many seconds ago."""
    left = place / f".horarium-{ago_s}"
    left.mkdir(parents=True)
    (left / "backup").write_bytes(b"a half")
    for path in (left / "backup", left):
        os.utime(path, (time.time() - ago_s,) * 2)
    return left


async def test_what_a_killed_backup_or_restore_has_left_is_removed_by_the_next(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old/horarium.db"
    (tmp_path / "old").mkdir(mode=0o700)
    await migrate(url)
    for place in (tmp_path / "kept", tmp_path / "new"):
        left_by_a_killed_process(place, 2 * HOUR_S)
    file, _ = await make_backup(url, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == [file]
    await restore(file, f"sqlite:///{tmp_path}/new/horarium.db", None)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["horarium.db", "horarium.db.lock"]


def test_what_another_machine_has_written_to_within_the_hour_stays(tmp_path: Path) -> None:
    """Through a network that knows no locks nobody sees that it is in use."""
    in_use, left = (left_by_a_killed_process(tmp_path, HOUR_S + more) for more in (-60, 60))
    with scratch_folder(tmp_path):
        assert in_use.is_dir()
        assert not left.exists()


def test_what_another_process_works_in_stays_however_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_UNTOUCHED_S", -HOUR_S)
    (tmp_path / ".horarium-file").write_text("somebody's")
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first, second, tmp_path / ".horarium-file"])
    assert [path.name for path in tmp_path.iterdir()] == [".horarium-file"]
