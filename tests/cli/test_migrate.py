"""`horarium migrate` says what is missing, with an exit code for scripts."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from tests.cli.running import horarium


async def test_check_and_plan_say_how_database_and_program_fit_together(tmp_path):
    database = f"sqlite:///{tmp_path}/horarium.db"
    found = horarium("migrate", "--check", HORARIUM_DATABASE=database)
    assert (found.returncode, "no database at" in found.stderr) == (1, True)
    await migrate(database)
    found = horarium("migrate", "--check", HORARIUM_DATABASE=database)
    assert (found.returncode, found.stdout) == (
        0,
        f"the database has schema {latest()}, as this program needs it\n",
    )
    with closing(sqlite3.connect(tmp_path / "horarium.db")) as connection:
        connection.execute("PRAGMA user_version = 9")
    for option in ("--check", "--plan"):
        found = horarium("migrate", option, HORARIUM_DATABASE=database)
        assert found.returncode == 1
        assert (
            f"has schema 9, this program knows {latest()}: use a newer program" in found.stdout + found.stderr
        )
    assert horarium("migrate", "--check", "--plan", HORARIUM_DATABASE=database).returncode == 2
