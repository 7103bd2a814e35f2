"""The log is moved into the database beside the writer, and what fails there is nobody's failure."""

from __future__ import annotations

import queue
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from horarium.store.sqlite import checkpoints
from horarium.store.sqlite.checkpoints import Checkpoints
from horarium.store.sqlite.connection import connect


class Asked(sqlite3.Connection):
    """Notes what it is asked, once it is done or refused."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.done: queue.Queue[str] = queue.Queue()
        self.refusals = 0

    def execute(self, sql, *given):
        try:
            if self.refusals:
                self.refusals -= 1
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *given)
        finally:
            self.done.put(sql)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(checkpoints, "PAUSE_S", 0.0)


def test_what_was_committed_is_moved_into_the_database_file(tmp_path: Path):
    path = tmp_path / "one.db"
    writer = connect(str(path))
    beside = sqlite3.connect(path, check_same_thread=False, factory=Asked)
    moving = Checkpoints(beside)
    writer.execute("CREATE TABLE things (name TEXT)")
    before = path.stat().st_size
    moving.wanted()
    assert "wal_checkpoint" in beside.done.get(timeout=10)
    moving.close()
    assert path.stat().st_size > before
    writer.close()


def test_a_checkpoint_that_fails_is_tried_again_after_the_next_commit():
    beside = sqlite3.connect(":memory:", check_same_thread=False, factory=Asked)
    beside.refusals = 1
    with capture_logs() as lines:
        moving = Checkpoints(beside)
        for _ in range(2):
            moving.wanted()
            beside.done.get(timeout=10)
        moving.close()
    assert lines == [{"log_level": "warning", "event": "log_not_moved", "error": "disk I/O error"}]
