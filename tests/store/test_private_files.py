"""What the server stores is for its own account."""

import sqlite3
import stat
from contextlib import closing

import pytest

from horarium.domain.errors import Unavailable
from horarium.store.file_lock import file_lock, sqlite_lock
from horarium.store.private_files import private_database, private_file, private_folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private_and_an_existing_one_is_left_and_told(tmp_path):
    assert private_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700
    open_one = tmp_path / "open"
    open_one.mkdir(mode=0o755)
    open_one.chmod(0o755)
    assert not private_folder(open_one)
    assert mode(open_one) == 0o755


def test_a_file_is_private_whether_it_is_new_or_not(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("kept")
    old.chmod(0o644)
    for path in (new, old):
        private_file(path)
        assert mode(path) == 0o600
    assert old.read_text() == "kept"


def test_a_file_of_another_account_is_used_as_it_is(tmp_path, monkeypatch):
    def refuse(self, mode):
        raise PermissionError("not yours")

    path = tmp_path / "theirs"
    path.touch()
    path.chmod(0o644)
    monkeypatch.setattr(type(path), "chmod", refuse)
    private_file(path)
    assert mode(path) == 0o644


def test_a_database_is_private_with_its_log_and_keeps_its_locks(tmp_path):
    path = tmp_path / "a.db"
    private_database(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE a (b)")
        files = list(tmp_path.iterdir())
        assert len(files) == 3
        assert {mode(file) for file in files} == {0o600}
        for file in files:
            file.chmod(0o644)
        connection.execute("BEGIN IMMEDIATE")
        private_database(path)
        assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
        connection.execute("INSERT INTO a VALUES (1)")
        connection.execute("COMMIT")


def test_a_lock_is_a_private_file_that_is_held_until_its_block_ends_or_fails(tmp_path):
    path = tmp_path / "one.lock"

    def hold():
        with file_lock(path, "it is taken"):
            assert mode(path) == 0o600
            with pytest.raises(Unavailable, match="it is taken"), file_lock(path, "it is taken"):
                pass
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            hold()


def test_a_database_has_one_lock_whatever_leads_to_it_and_a_folder_has_none(tmp_path):
    path, link = tmp_path / "one.db", tmp_path / "link.db"
    path.touch()
    link.symlink_to(path)
    with sqlite_lock(link):
        assert [file.name for file in tmp_path.glob("*.lock")] == ["one.db.lock"]
        with pytest.raises(Unavailable, match="using the database"), sqlite_lock(path):
            pass
    with pytest.raises(IsADirectoryError), sqlite_lock(tmp_path):
        pass
