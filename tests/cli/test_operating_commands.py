"""The options of commands for operators that ask no server: of the watchdog and of backups."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from horarium.backup.keeping import Kept
from horarium.backup.manifest import Manifest
from horarium.cli.commands import app
from horarium.watchdog.checks import Limits


@pytest.fixture
def dog(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The watchdog that a command would have run."""
    found = SimpleNamespace()

    class Dog:
        def __init__(self, watched: Any, limits: Any, alerts: Any, send: Any, ping: Any) -> None:
            found.watched, found.limits, found.alerts = watched, limits, alerts
            found.send, found.ping = send, ping

        async def run(self) -> None:
            pass

    monkeypatch.setattr("horarium.watchdog.watch.Watchdog", Dog)
    monkeypatch.setattr("horarium.cli.logs.configure", lambda settings: None)
    return found


def done(*words: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output


def test_the_watchdog_has_the_limits_that_are_given_in_the_units_of_the_command_line(
    dog: Any, tmp_path: Path
) -> None:
    done("watchdog", "--data", str(tmp_path))
    assert dog.limits == Limits()
    assert (dog.send, dog.ping, dog.alerts.silenced) == (None, None, frozenset())
    options = (
        "--late 7 --queue 9 --disk 25 --backup 1.5 --silence disk --silence node --ping https://p.example/"
    )
    done("watchdog", "--data", str(tmp_path), *options.split(), "--url", "http://a:1/", "--url", "http://b:2")
    assert dog.limits == Limits(7_000, 9_000, 0.25, 5_400_000)
    assert (dog.ping, dog.alerts.silenced) == ("https://p.example/", frozenset({"disk", "node"}))
    assert dog.watched.servers == ["http://a:1", "http://b:2"]
    assert dog.watched.folders == [tmp_path]


def test_how_old_a_backup_may_be_follows_the_settings_unless_it_is_said(
    dog: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORARIUM_BACKUP_TO", str(tmp_path / "kept"))
    monkeypatch.setenv("HORARIUM_BACKUP_EVERY", "6")
    done("watchdog", "--data", str(tmp_path))
    assert dog.limits.backup_ms == 12 * 3_600_000
    done("watchdog", "--data", str(tmp_path), "--backup", "0")
    assert dog.limits.backup_ms is None


def test_a_backup_into_another_folder_than_that_of_the_settings_deletes_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    async def back_up(url: str, to: str, keep: int = 0, progress: Any = None) -> Kept:
        asked.append((to, keep))
        return Kept(Manifest(0, "sqlite", "0", 1, None, {}), to, 0, [], True)

    monkeypatch.setattr("horarium.backup.keeping.back_up", back_up)
    monkeypatch.setenv("HORARIUM_BACKUP_TO", "/kept")
    monkeypatch.setenv("HORARIUM_BACKUP_KEEP", "3")
    for words in ((), ("/elsewhere",), ("/elsewhere", "--keep", "5"), ("--keep", "0")):
        done("backup", *words, "--data", str(tmp_path))
    assert asked == [("/kept", 3), ("/elsewhere", 0), ("/elsewhere", 5), ("/kept", 0)]
