"""Whatever state an installation is in, the doctor sees it and changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import ssl
from collections import namedtuple
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from horarium.app import open_server
from horarium.doctor import look as module
from horarium.doctor.checks import Level, examine
from horarium.doctor.look import look
from horarium.domain.errors import Unavailable
from horarium.settings import Settings
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.sqlite.migrate import APPLICATION_ID
from horarium.store.vault import Vault, new_key
from tests.cli.running import horarium
from tests.support.certificates import certificate as server_certificate
from tests.support.postgres import drop_database, fresh_database
from tests.support.receiver import Answer, Receiver

Usage = namedtuple("Usage", "total used free")
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
    folder = {one.about: one.words for one in examine(await look(settings, NOBODY))}["data folder"]
    assert folder == "there is none, and nothing needs one yet"
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


def test_a_data_folder_is_told_as_missing_where_the_database_lies_in_it_and_as_open_where_it_is(
    tmp_path, monkeypatch
):
    missing = tmp_path / "none"
    assert module._folder(missing, must_exist=True) == (f"there is no data folder {missing}", False)
    assert module._folder(missing, must_exist=False) == (None, False)
    file = tmp_path / "file"
    file.touch()
    for must_exist in (True, False):
        assert module._folder(file, must_exist) == (f"{file} is no folder", False)
    for mode, is_open in ((0o700, False), (0o710, True), (0o701, True), (0o740, True)):
        tmp_path.chmod(mode)
        assert module._folder(tmp_path, True) == (None, is_open)
    asked = []
    monkeypatch.setattr(module.os, "access", lambda folder, may: asked.append(may))
    assert module._folder(tmp_path, True) == (f"this account may not write to {tmp_path}", False)
    assert asked == [os.R_OK | os.W_OK | os.X_OK]


def test_the_key_is_that_of_the_settings_or_of_the_file_and_may_be_the_second_of_two(tmp_path):
    key, other = new_key(), new_key()
    wanted = Vault([key]).fingerprint()
    here = Settings(data=tmp_path)
    assert module._key(here, wanted) == (f"there is no file {tmp_path}/secret.key", False)
    assert module._key(Settings(data=tmp_path, database="postgresql://h/d"), wanted) == (
        "HORARIUM_SECRET_KEY is not set",
        False,
    )
    file = tmp_path / "secret.key"
    file.write_text(key)
    file.chmod(0o600)
    assert module._key(here, wanted) == (None, True)
    assert module._key(here, None) == (None, True)
    assert module._key(Settings(data=tmp_path, secret_key=other), wanted) == (None, False)
    assert module._key(Settings(data=tmp_path, secret_key=f"{other},{key}"), wanted) == (None, True)
    file.chmod(0o644)
    trouble, fits = module._key(here, wanted)
    assert "may be read by others" in trouble
    assert not fits


def certificate(days):
    """A certificate in PEM that ends in so many days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(100), now + timedelta(days)
    ).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def test_the_days_of_a_certificate_are_those_of_the_first_in_its_file(tmp_path):
    file = tmp_path / "chain.pem"
    file.write_bytes(certificate(3_000) + certificate(300))
    days, trouble = module._certificate(file)
    assert (days, trouble) == (pytest.approx(3_000, abs=0.01), None)
    assert module._certificate(None) == (None, None)
    file.write_text("none")
    assert module._certificate(file) == (None, f"{file} is no certificate in PEM")
    days, trouble = module._certificate(tmp_path / "away.pem")
    assert days is None
    assert f"the certificate {tmp_path}/away.pem cannot be read" in trouble


@pytest.mark.parametrize(
    ("health", "readiness", "seen"),
    [
        (b'{"version":"9"}', Answer(200, b"{}"), ("9", True, True, "")),
        (b'{"version":"9"}', Answer(503, b'{"detail":"disk"}'), ("9", False, True, "")),
        (b'{"version":"9"}', Answer(503, b"{}"), ("9", False, True, "")),
        (b"{}", Answer(200, b"{}"), (None, False, True, "it has no version")),
        (b"[]", Answer(200, b"{}"), (None, False, True, "'list' object has no attribute 'get'")),
    ],
)
async def test_a_server_says_its_version_and_why_it_cannot_work(health, readiness, seen):
    async with Receiver() as receiver:
        receiver.script("/healthz", Answer(200, health))
        receiver.script("/readyz", readiness)
        found = await module._server(receiver.url("").rstrip("/"))
    assert (found.version, found.ready, found.taken, found.trouble) == seen
    if found.version and not found.ready:
        assert found.reasons in ("disk", "503")


async def test_what_does_not_answer_is_told_apart_from_what_is_not_there(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    never = asyncio.Event()
    async with Receiver() as receiver:
        receiver.script("/healthz", Answer(200, until=never))
        found = await module._server(receiver.url("").rstrip("/"))
        never.set()
    assert (found.taken, found.trouble) == (True, "no answer within 0.05 s")
    found = await module._server(NOBODY)
    assert (found.taken, found.trouble) == (False, "Connection refused")


async def test_the_certificate_of_a_server_need_not_name_the_address_that_is_asked(tmp_path):
    cert, key = server_certificate(tmp_path)  # which nobody vouches for, and which names no localhost
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def answer(request):
        return web.json_response({"version": "9"})

    app = web.Application()
    app.router.add_get("/{path}", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        found = await module._server(f"https://localhost:{server.port}")
    finally:
        await server.close()
    assert (found.version, found.ready, found.trouble) == ("9", True, "")


async def test_an_error_without_words_is_told_by_its_kind(monkeypatch):
    def fail(*given, **named):
        raise aiohttp.ClientError

    monkeypatch.setattr(aiohttp.ClientSession, "get", fail)
    found = await module._server(NOBODY)
    assert (found.taken, found.trouble) == (True, "ClientError")


def test_a_connection_that_failed_without_a_number_is_told_by_its_kind():
    assert module._reason(ConnectionRefusedError(111, "x")) == os.strerror(111)
    assert module._reason(ssl.SSLError()) == "SSLError"


async def test_a_file_that_is_no_database_of_ours_or_of_another_schema_is_looked_at_no_further(tmp_path):
    file = tmp_path / "a.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE meta (name, value)")
    connection.execute(f"PRAGMA user_version = {latest() + 1}")
    connection.commit()
    found, trouble = await module._database(f"sqlite:///{file}")
    assert (found.schema, found.meta, found.ledger, trouble) == (0, {}, None, None)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.commit()
    connection.close()
    found, trouble = await module._database(f"sqlite:///{file}")
    assert (found.schema, found.meta, trouble) == (latest() + 1, {}, None)
    found, trouble = await module._database(f"sqlite:///{tmp_path}/none.db")
    assert (found, trouble) == (None, f"there is no file {tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("fails", [None, RuntimeError("no table"), Unavailable("away"), OSError("gone")])
async def test_a_store_that_was_looked_at_is_closed_whatever_comes_of_it(monkeypatch, fails):
    closed = []

    class Store:
        async def now_ms(self):
            return 1_000

        async def read(self, verb):
            if fails is not None:
                raise fails
            return latest() + 1

        async def close(self):
            closed.append(self)

    async def opened(url, name, *, notify):
        assert (name, notify) == ("horarium doctor", False)
        return Store()

    monkeypatch.setattr(module.PostgresStore, "open", opened)
    found, trouble = await module._database("postgresql://h/d")
    assert len(closed) == 1
    if isinstance(fails, Unavailable | OSError):
        assert (found, trouble) == (None, str(fails))
    else:
        assert (found.schema, found.now_ms, trouble) == (latest() + 1 if fails is None else 0, 1_000, None)


async def test_both_folders_are_looked_at_and_a_backup_may_be_twice_as_old_as_it_should_get(
    tmp_path, monkeypatch
):
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: Usage(200, 150, 50))
    settings = Settings(data=tmp_path / "data", database=f"sqlite:///{tmp_path}/elsewhere/a.db")
    seen = await look(settings, NOBODY)
    assert seen.free == {f"{tmp_path}/data": (0.25, 50), f"{tmp_path}/elsewhere": (0.25, 50)}
    assert seen.backup_ms is None
    seen = await look(Settings(data=tmp_path / "data", backup_to="kept", backup_every=1.5), NOBODY)
    assert seen.backup_ms == 3 * 3_600_000
