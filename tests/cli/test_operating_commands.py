"""The commands for operators that ask no server: what their options reach, what they print, and how they end."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from horarium.backup.keeping import Kept
from horarium.backup.manifest import Manifest, file_name
from horarium.cli import logs, main, serve, watchdog
from horarium.cli.failure import MISUSED, REFUSED, Failure
from horarium.doctor.checks import Answer, Level
from horarium.domain.errors import Invalid, Problem, Unavailable
from horarium.settings import Settings
from horarium.store.migrations import latest
from horarium.store.vault import Vault, new_key
from horarium.watchdog.checks import Limits
from tests.cli.running import invoked


@pytest.fixture
def dog(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The watchdog that a command would have run."""
    found = SimpleNamespace()

    class Dog:
        is_sending = False

        def __init__(self, watched: Any, limits: Any, alerts: Any, send: Any, ping: Any) -> None:
            found.watched, found.limits, found.alerts = watched, limits, alerts
            found.send, found.ping = send, ping

        async def run(self) -> None:
            pass

    monkeypatch.setattr("horarium.watchdog.watch.Watchdog", Dog)
    monkeypatch.setattr("horarium.cli.logs.configure", lambda settings: None)
    return found


@pytest.fixture(autouse=True)
def _same_signals() -> Iterator[None]:
    """Commands that end in order at a signal change what becomes of it in this process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, taken in before.items():
        signal.signal(number, taken)


def done(*words: str) -> None:
    result = invoked(words)
    assert result.exit_code == 0, result.output


def failure(*words: str) -> Failure:
    """How a command fails."""
    found = invoked(words).exception
    assert isinstance(found, Failure), found
    return found


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


# What these commands print, hand on, and end with.

FINGERPRINT = Vault([KEY := new_key()]).fingerprint()


def test_a_backup_tells_where_it_is_what_was_deleted_and_that_the_database_does_not_know_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = True
    asked: list[str] = []

    async def back_up(url: str, to: str, keep: int = 0, progress: Any = None) -> Kept:
        asked.append(url)
        manifest = Manifest(0, "sqlite", "0", 1, None, {"runs": 3, "fires": 4})
        return Kept(manifest, f"{to}/new", 12_345, ["a", "b"], noted)

    monkeypatch.setattr("horarium.backup.keeping.back_up", back_up)
    found = invoked(["backup", "/kept", "--database", "postgresql://h/d"])
    assert found.stdout.splitlines() == [
        "/kept/new: 7 rows, 12,345 bytes, checked",
        "deleted the old backup a",
        "deleted the old backup b",
    ]
    assert (found.stderr, found.exit_code) == ("", 0)
    noted = False
    found = invoked(["backup", "/kept", "--data", str(tmp_path)])
    assert "could not be told of this backup" in found.stderr
    assert asked == ["postgresql://h/d", f"sqlite:///{tmp_path}/horarium.db"]
    refused = failure("backup", "--data", str(tmp_path))
    assert (refused.code, "say where to" in str(refused)) == (MISUSED, True)


def test_backups_are_listed_oldest_first_without_what_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [file_name(2_000), file_name(1_000), "notes.txt"]
    monkeypatch.setattr("horarium.backup.places.place_of", lambda to: SimpleNamespace(names=lambda: names))
    found = invoked(["backup", str(tmp_path), "--list"])
    assert found.stdout.splitlines() == [
        f"{file_name(1_000)}  1970-01-01T00:00:01.000Z",
        f"{file_name(2_000)}  1970-01-01T00:00:02.000Z",
    ]
    assert found.exit_code == 0


def test_a_restore_is_given_the_file_the_database_the_key_and_until_when_the_old_server_worked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Any, ...]] = []
    opens: list[bool] = []

    async def restore(file: Path, url: str, vault: Any, until: int | None, progress: Any) -> Manifest:
        given.append((file.name, url, vault and vault.fingerprint(), until))
        opens.append(vault is not None and vault.knows(FINGERPRINT))
        return Manifest(5, "sqlite", "0", 1, None, {"runs": 3})

    monkeypatch.setattr("horarium.backup.restoring.restore", restore)
    for at in (2_000, 1_000):
        (tmp_path / file_name(at)).touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text(KEY)
    (tmp_path / "data" / "secret.key").chmod(0o600)

    def restored(*words: str, **environment: str) -> str:
        found = invoked(["restore", *words], environment)
        assert found.exception is None, found.exception
        return found.stdout

    data = "--data", str(tmp_path / "data")
    told = restored(str(tmp_path), *data)
    assert "restored and counted: 3 rows, as of 1970-01-01T00:00:00.005Z" in told
    assert "are downtime" in told
    told = restored(str(tmp_path / file_name(1_000)), *data, "--worked-until", "1970-01-01T00:00:07.9999Z")
    assert "are downtime" not in told
    assert "Do not start a server on the old database again" in told
    other = new_key()
    restored(str(tmp_path), *data, "--database", "postgresql://h/d", HORARIUM_SECRET_KEY=f"{other},{KEY}")
    restored(str(tmp_path), *data, "--database", "postgresql://h/d")
    url = f"sqlite:///{tmp_path}/data/horarium.db"
    assert given == [
        (file_name(2_000), url, FINGERPRINT, None),
        (file_name(1_000), url, FINGERPRINT, 7_999),
        (file_name(2_000), "postgresql://h/d", Vault([other]).fingerprint(), None),
        (file_name(2_000), "postgresql://h/d", None, None),
    ]
    assert opens == [True, True, True, False]
    assert failure("restore", str(tmp_path), "--worked-until", "soon").code == MISUSED


@pytest.mark.parametrize(
    ("sums", "compared"),
    [({"runs": "1"}, "their number and all that is in them are"), (None, "their number is")],
)
def test_a_check_of_a_backup_shows_its_manifest_and_restores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sums: dict[str, str] | None, compared: str
) -> None:
    manifest = Manifest(5, "postgresql", "0.1.0", 2, None, {"runs": 3, "fires": 0, "keys": 1}, sums)
    monkeypatch.setattr("horarium.backup.restoring.check_backup", lambda file: manifest)
    found = invoked(["restore", str(tmp_path / "x"), "--check", "--data", str(tmp_path / "data")])
    assert found.exit_code == 0
    lines = [line.split() for line in found.stdout.splitlines()]
    assert lines == [
        ["made", "at", "1970-01-01T00:00:00.005Z"],
        ["from", "postgresql"],
        ["program", "0.1.0"],
        ["schema", "2"],
        ["key", "fingerprint", "none"],
        ["rows", "4:", *compared.split(), "as", "the", "manifest", "says"],
        ["keys:", "1"],
        ["runs:", "3"],
    ]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("levels", "code"), [((Level.FINE,), 0), ((Level.FINE, Level.WARNING), 0), ((Level.WRONG, Level.FINE), 1)]
)
def test_the_doctor_ends_with_1_where_something_is_wrong_and_gives_advice_where_it_is_not_fine(
    levels: tuple[Level, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def look(settings: Any, address: str) -> None:
        asked.append(address)

    answers = [Answer(f"part {level.value}", level, "words", "advice") for level in levels]
    monkeypatch.setattr("horarium.doctor.look.look", look)
    monkeypatch.setattr("horarium.doctor.checks.examine", lambda seen: answers)
    found = invoked(
        ["doctor", "--data", str(tmp_path), "--json"], {"HORARIUM_PORT": "81", "HORARIUM_HOST": "::1"}
    )
    assert found.exit_code == code
    assert [each["level"] for each in json.loads(found.stdout)] == ["ok", *(level.value for level in levels)]
    found = invoked(["doctor", "--data", str(tmp_path), "--url", "http://a:1/"])
    assert found.exit_code == code
    assert asked == ["http://[::1]:81", "http://a:1"]
    lines = found.stdout.splitlines()
    assert sum("-> advice" in line for line in lines) == sum(level is not Level.FINE for level in levels)
    assert lines[0].split() == ["ok", "settings", "can", "be", "read"]


def test_the_doctor_tells_wrong_settings_with_exit_code_1_and_looks_no_further() -> None:
    found = invoked(["doctor", "--json"], {"HORARIUM_PORT": "99999", "HORARIUM_POLL": "0"})
    told = json.loads(found.stdout)
    assert found.exit_code == 1
    assert [each["about"] for each in told] == ["settings"] * 2
    assert {each["words"].split(":")[0] for each in told} == {"poll", "port"}


def test_tables_are_brought_to_the_schema_of_the_program_and_a_check_changes_nothing(tmp_path: Path) -> None:
    at = "--database", f"sqlite:///{tmp_path}/a.db"
    sqlite3.connect(tmp_path / "a.db").close()
    refused = failure("migrate", "--check", *at)
    assert (refused.code, "has schema 0, and this program needs" in str(refused)) == (REFUSED, True)
    plan = invoked(["migrate", "--plan", *at])
    assert "CREATE TABLE" in plan.stdout
    assert plan.exit_code == 0
    assert failure("migrate", "--check", *at).code == REFUSED  # and so was the plan
    found = invoked(["migrate", *at])
    assert found.stdout.splitlines()[-1] == f"the database has schema {latest()} now"
    for words in ((), ("--check",)):
        (line,) = invoked(["migrate", *words, *at]).stdout.splitlines()
        assert line.endswith("as this program needs it")
    assert failure("migrate", "--plan", "--check", *at).code == MISUSED


def test_a_copy_goes_from_the_first_to_the_second_and_says_what_becomes_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    async def copy(source: str, target: str, told: Any) -> dict[str, int]:
        asked.append((source, target))
        told("copied", "runs", 1, 2)
        told("copied", "runs", 2, 2)
        told("verified", "runs", 1, 2)
        return {"runs": 2, "keys": 3}

    monkeypatch.setattr("horarium.store.copy.copy", copy)
    to_postgres = invoked(["copy", "sqlite:////a.db", "postgresql://h/d"])
    to_sqlite = invoked(["copy", "postgresql://h/d", f"sqlite:///{tmp_path}/a.db"])
    assert asked == [
        ("sqlite:////a.db", "postgresql://h/d"),
        ("postgresql://h/d", f"sqlite:///{tmp_path}/a.db"),
    ]
    assert to_postgres.stdout.splitlines()[0] == "copied and verified: 5 rows in 2 tables"
    assert "HORARIUM_SECRET_KEY is its lines" in to_postgres.stdout
    assert f"Put the old key into {tmp_path}/secret.key" in to_sqlite.stdout
    for found in (to_postgres, to_sqlite):
        assert "Do not start a server on the old database again" in found.stdout
    assert to_sqlite.stderr.splitlines() == ["copied runs: 2 of 2", "verified runs: 1 of 2"]


def test_files_are_written_anew_and_what_the_role_may_not_do_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def write_anew(url: str, told: Any) -> list[str]:
        asked.append(url)
        told("runs")
        return ["checkpoint"]

    monkeypatch.setattr("horarium.store.compact.compact", write_anew)
    found = invoked(["compact", "--data", str(tmp_path)])
    assert asked == [f"sqlite:///{tmp_path}/horarium.db"]
    assert found.stdout.splitlines() == [
        "checkpoint: the database role lacks the right to do it",
        "the files were written anew",
    ]
    assert found.stderr == "writing runs\n"


def test_a_recovered_key_is_all_that_standard_output_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    async def recover_key(settings: Any) -> str:
        asked.append((settings.data, settings.database_url))
        return "hor_new"

    monkeypatch.setattr("horarium.app.recover_key", recover_key)
    found = invoked(["key", "recover", "--data", str(tmp_path), "--database", "postgresql://h/d"])
    assert (found.stdout, asked) == ("hor_new\n", [(tmp_path, "postgresql://h/d")])
    assert "revoke the keys that were lost" in found.stderr


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP])
def test_a_server_ends_in_order_also_with_its_terminal_and_a_second_signal_breaks_nothing_off(
    first: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(serving: Any) -> None:
        serving.close()
        with pytest.raises(SystemExit) as ended:
            os.kill(os.getpid(), first)
        assert ended.value.code == 0
        for again in (first, signal.SIGTERM):
            os.kill(os.getpid(), again)
        closed.append(True)

    closed: list[bool] = []
    monkeypatch.setattr("uvloop.run", run)
    monkeypatch.setattr("horarium.cli.logs.configure", lambda settings: None)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    serve.run(Settings(data=tmp_path))
    assert closed == [True]


def test_a_server_ends_in_order_at_ctrl_c_and_at_once_when_it_is_pressed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(serving: Any) -> None:
        serving.close()
        with pytest.raises(SystemExit) as ended:
            os.kill(os.getpid(), signal.SIGINT)
        assert ended.value.code == 130
        os.kill(os.getpid(), signal.SIGTERM)
        ending.append(True)
        os.kill(os.getpid(), signal.SIGINT)

    ending: list[bool] = []
    monkeypatch.setattr("uvloop.run", run)
    monkeypatch.setattr("horarium.cli.logs.configure", lambda settings: None)
    with pytest.raises(KeyboardInterrupt):
        serve.run(Settings(data=tmp_path))
    assert ending == [True]


def test_a_server_that_is_to_outlive_its_terminal_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uvloop.run", lambda serving: serving.close())
    monkeypatch.setattr("horarium.cli.logs.configure", lambda settings: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` has it
    serve.run(Settings(data=tmp_path))
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_server_goes_on_where_nobody_reads_what_it_says_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `horarium serve | head -1`."""
    given_up: list[bool] = []

    def broken(text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(serve.typer, "echo", broken)
    monkeypatch.setattr("horarium.cli.streams.give_up_output", lambda: given_up.append(True))
    settings = Settings(data=tmp_path, log_format="text")
    serve._announcer(settings)(settings)
    assert given_up == [True]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_server_that_starts_for_the_first_time_says_where_its_key_is_and_shows_it_to_a_terminal_alone(
    terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data=tmp_path, log_format="text", pages_address="127.0.0.1:9100")
    first = serve._announcer(settings)
    settings.left_key_file.write_text("hor_first\n")
    monkeypatch.setattr(serve.sys.stdout, "isatty", lambda: terminal)
    first(settings)
    told = capsys.readouterr().out
    assert "listens at http://127.0.0.1:8080\n" in told
    assert "http://127.0.0.1:9100/metrics" in told
    assert "(page: http://127.0.0.1:9100/horarium/v1/docs)" in told
    assert f"key file {tmp_path}/admin.key" in told
    assert ("hor_first" in told) is terminal
    serve._announcer(settings)(replace(settings, pages_address=None))
    again = capsys.readouterr().out
    assert "key" not in again
    assert "metrics" not in again
    assert "(page: http://127.0.0.1:8080/horarium/v1/docs)" in again
    secure = replace(settings, tls_cert=tmp_path / "c", tls_key=tmp_path / "k", host="::1")
    serve._announcer(secure)(secure)
    told = capsys.readouterr().out
    assert "listens at https://[::1]:8080\n" in told
    assert "https://127.0.0.1:9100/metrics" in told
    serve._announcer(replace(settings, log_format="json"))(settings)
    assert capsys.readouterr().out == ""
    given = replace(
        settings, data=tmp_path / "other"
    )  # the first key was given, so that none was left in a file
    serve._announcer(given)(given)
    assert "key" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (Failure("tried"), 1, "horarium: tried\n"),
        (Failure("wrong", MISUSED), 2, "horarium: wrong\n"),
        (Invalid([Problem("port", "is too large")]), 2, "horarium: port: is too large\n"),
        (Unavailable("away"), 1, "horarium: away\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
    ],
)
def test_every_end_of_a_command_has_its_exit_code_and_a_sentence_at_most(
    raised: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    kept = said.getvalue

    def run() -> None:
        raise raised

    monkeypatch.setattr(main, "_run", run)
    monkeypatch.setattr("sys.stderr", said)
    text: list[str] = []
    monkeypatch.setattr(said, "close", lambda: text.append(kept()))
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == code
    assert kept() == words


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_log_lines_are_those_of_the_level_and_above_in_the_form_that_is_set(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = ["debug", "info", "warning", "error"]
    before, root = structlog.get_config(), logging.getLogger()
    handlers, root_level = root.handlers[:], root.level
    try:
        given: Any = {"log_level": level, "log_format": "json"}
        logs.configure(Settings(**given))
        log = structlog.get_logger()
        for one in levels:
            getattr(log, one)(f"a {one}")
            getattr(logging.getLogger("library"), one)("of a library")
        request = logs.REQUEST.set("req-1")
        log.error("of a request")
        log.error("of another", request_id="req-2")
        logs.REQUEST.reset(request)
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(root_level)
    assert [line.get("request_id") for line in lines[-2:]] == ["req-1", "req-2"]
    lines = lines[:-2]
    assert not any("request_id" in line for line in lines)
    own = [line["level"] for line in lines if "library" not in line]
    of_libraries = [line["level"] for line in lines if "library" in line]
    assert own == levels[levels.index(level) :]
    assert of_libraries == [one for one in own if one in ("warning", "error")]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_what_people_read_at_the_start_stays_out_of_a_file_of_json_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto, text, as_json = (Settings(log_format=form) for form in ("auto", "text", "json"))
    with (tmp_path / "out").open("w") as out, (tmp_path / "log").open("w") as log:
        for stdout, stderr, kept in ((out, log, True), (out, out, False), (io.StringIO(), log, True)):
            monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=stdout, stderr=stderr))
            assert logs.keeps_banner(auto) is kept
            assert logs.keeps_banner(text)
            assert not logs.keeps_banner(as_json)
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=out, stderr=log))  # closed by now
    monkeypatch.setattr(logs, "writes_json", lambda settings: True)
    assert logs.keeps_banner(auto)


def test_the_watchdog_sends_to_every_alert_address_and_asks_the_server_of_the_settings(
    dog: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured: list[Any] = []
    monkeypatch.setattr("horarium.watchdog.watch.sender", lambda urls: ("sends to", *urls))
    monkeypatch.setattr("horarium.cli.logs.configure", configured.append)
    monkeypatch.setenv("HORARIUM_HOST", "::1")
    done("watchdog", "--data", str(tmp_path), "--alert", "json://a", "--alert", "json://b")
    assert dog.send == ("sends to", "json://a", "json://b")
    assert dog.watched.servers == ["http://[::1]:8080"]
    assert [settings.data for settings in configured] == [tmp_path]
    monkeypatch.setenv("HORARIUM_ALERTS", "json://c json://d")
    monkeypatch.setenv("HORARIUM_PING", "https://p.example/")
    done("watchdog", "--database", "postgresql://h/d")
    assert (dog.send, dog.ping) == (("sends to", "json://c", "json://d"), "https://p.example/")
    assert (dog.watched.database_url, dog.watched.folders) == ("postgresql://h/d", ())
    assert failure("watchdog", "--silence", "noise").code == MISUSED


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_watchdog_ends_in_order_at_either_signal() -> None:
    ended: list[bool] = []

    async def watching() -> None:
        taken = {signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        assert len(taken) == 1
        assert taken.isdisjoint({signal.SIG_DFL, signal.default_int_handler})
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    asyncio.run(watchdog._until_stopped(watching()))
    assert ended == [True]


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_backup_and_a_restore_end_in_order_at_sigterm(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they have begun is deleted, because the signal ends them as an error would."""
    cleared: list[bool] = []

    async def work(*given: Any) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(10)
        finally:
            cleared.append(True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a command that takes no notice would be seen
    monkeypatch.setattr("horarium.backup.keeping.back_up", work)
    monkeypatch.setattr("horarium.backup.restoring.restore", work)
    (tmp_path / file_name(1_000)).touch()
    found = invoked([command, str(tmp_path), "--data", str(tmp_path / "data")])
    assert isinstance(found.exception, SystemExit)
    assert (found.exit_code, cleared) == (1, [True])
