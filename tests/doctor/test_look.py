"""Whatever state an installation is in, the doctor sees it and changes nothing."""

from __future__ import annotations

import json

import asyncpg
import pytest

from horarium.app import open_server
from horarium.doctor.checks import Level, examine
from horarium.doctor.look import look
from horarium.settings import Settings
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.vault import new_key
from tests.cli.running import horarium
from tests.support.postgres import drop_database, fresh_database
from tests.support.receiver import Answer, Receiver

NOBODY = "http://127.0.0.1:9"


async def wrong(settings, address=NOBODY):
    answers = examine(await look(settings, address))
    return {answer.about: answer.words for answer in answers if answer.level is Level.WRONG}


async def test_a_sqlite_installation_is_examined_beside_its_server(tmp_path):
    settings = Settings(data=tmp_path / "data", roles=("api",))
    assert set(await wrong(settings)) == {"data folder", "database"}
    async with open_server(settings):
        assert await wrong(settings) == {}
    before = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file()}
    other = Settings(data=tmp_path / "data", secret_key=new_key())
    assert set(await wrong(other)) == {"key"}
    (tmp_path / "data" / "secret.key").rename(tmp_path / "away")
    assert "no file" in (await wrong(settings))["key"]
    (tmp_path / "away").rename(tmp_path / "data" / "secret.key")
    # SQLite leaves an empty log beside a file that it has read.
    assert {name: (tmp_path / "data" / name).read_bytes() for name in before} == before
    (tmp_path / "data" / "horarium.db").write_bytes(b"x" * 9000)
    assert set(await wrong(settings)) == {"database"}


async def test_a_postgres_database_is_examined(tmp_path):
    url = fresh_database("doctor")
    settings = Settings(data=tmp_path / "none", database=url, secret_key=new_key())
    assert set(await wrong(settings)) == {"schema"}
    await migrate(url)
    assert await wrong(settings) == {}
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO schema_migrations VALUES (99, 'much more', now())")
    await connection.close()
    assert f"is 99, and this program knows {latest()}" in (await wrong(settings))["schema"]
    drop_database(url)
    assert set(await wrong(settings)) == {"database"}


@pytest.mark.parametrize(
    ("answer", "is_wrong"),
    [(Answer(200, b"hello"), True), (Answer(404, b"[]"), True), (Answer(200, b'{"version":"0.1.0"}'), False)],
)
async def test_what_answers_at_the_address_is_told_apart(tmp_path, answer, is_wrong):
    async with Receiver() as receiver:
        receiver.script("/healthz", answer)
        receiver.script("/readyz", Answer(200, b'{"status":"ready"}'))
        found = await wrong(Settings(data=tmp_path), receiver.url("").rstrip("/"))
    assert ("server" in found) is is_wrong


def test_wrong_settings_and_a_missing_database_end_with_exit_code_1(tmp_path):
    found = horarium("doctor", "--data", str(tmp_path / "none"), "--url", NOBODY, "--json")
    assert found.returncode == 1
    assert {"about": "settings", "level": "ok", "words": "can be read", "advice": ""} in json.loads(
        found.stdout
    )
    found = horarium("doctor", "--url", NOBODY, HORARIUM_PROT="1")
    assert (found.returncode, "did you mean HORARIUM_PORT?" in found.stdout) == (1, True)
