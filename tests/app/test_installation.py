"""The data folder, the database, the keys and the dialects that a server finds when it starts."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.app import installation, open_server, opening, recover_key
from horarium.domain.errors import Unauthorized, Unavailable
from horarium.domain.target import TargetKind
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import meta
from horarium.times import Timing, grammar_names
from tests.app.conftest import bound


async def test_data_is_private_and_a_folder_that_others_can_read_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "horarium.db").touch(0o644)
    with capture_logs() as logs:
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"horarium.db", "horarium.db-wal", "lock", "admin.key", "secret.key"} <= set(modes)
    (warned,) = [entry for entry in logs if entry["event"] == "data_folder_open"]
    assert f"chmod 700 {tmp_path}" in warned["advice"]


async def test_a_new_data_folder_is_private_and_nothing_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with capture_logs() as logs:
        async with open_server(Settings(data=data, roles=("api",))):
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert not [entry for entry in logs if entry["event"] == "data_folder_open"]


async def test_a_data_folder_that_cannot_be_locked_is_told_as_one_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "away" / "lock")
    with pytest.raises(Unavailable, match=r"the data folder .* cannot be used"):
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            pass
    (tmp_path / "lock").unlink()
    (tmp_path / "lock").mkdir()
    with pytest.raises(Unavailable, match=r"the data folder .* cannot be used: Is a directory \(.*lock\)"):
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            pass


async def test_secrets_open_with_the_key_that_is_set_and_with_no_other_that_lies_there(
    tmp_path: Path,
) -> None:
    given = new_key()
    async with installation.open_database(Settings(data=tmp_path, secret_key=given)) as (_, vault):
        assert vault.fingerprint() == Vault([given]).fingerprint()
    assert not (tmp_path / "secret.key").exists()
    with pytest.raises(Unavailable, match=r"the key file .*secret.key is missing"):
        async with installation.open_database(Settings(data=tmp_path)):
            pass
    with pytest.raises(Unavailable, match="encrypted with another secret key"):
        async with installation.open_database(Settings(data=tmp_path, secret_key=new_key())):
            pass
    both = ",".join((new_key(), given))
    async with installation.open_database(Settings(data=tmp_path, secret_key=both)) as (_, vault):
        sealed = vault.seal({"a": "b"}, b"t")
    assert Vault([given]).open(sealed, b"t") == {
        "a": "b"
    }  # so that servers which are not restarted yet can read it
    with pytest.raises(Unavailable, match="encrypted with another secret key"):
        async with installation.open_database(
            Settings(data=tmp_path, secret_key=both.partition(",")[0])  # before a rotation
        ):
            pass


async def test_no_server_works_on_a_copy_that_has_not_been_finished(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with installation.open_database(settings):
        pass
    with closing(sqlite3.connect(tmp_path / "horarium.db")) as database, database:
        database.execute("INSERT INTO meta (name, value) VALUES (?, '')", (meta.COPYING,))
    with pytest.raises(Unavailable, match="copy into this database has not been finished"):
        async with installation.open_database(settings):
            pass


async def test_a_pooler_is_used_where_one_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    async def opened(*given: Any, **named: Any) -> Any:
        asked.append(bound(real, *given, **named))
        raise Unavailable("seen")

    real = opening.PostgresStore.open
    monkeypatch.setattr(opening.PostgresStore, "open", opened)
    monkeypatch.setattr(installation, "migrate_postgres", lambda url: asyncio.sleep(0, []))
    settings = Settings(database="postgresql://d/x", database_pooled="postgresql://p/x", secret_key=new_key())
    with pytest.raises(Unavailable, match="seen"):
        async with installation.open_database(replace(settings, node="north")):
            pass
    assert asked[0]["pooled"] == "postgresql://p/x"
    assert "north" in str(asked[0])


async def test_the_first_key_may_be_given_and_counts_at_the_first_start_alone(tmp_path: Path) -> None:
    first, second = "hor_" + "a" * 40, "hor_" + "b" * 40
    for given in (first, second):
        async with open_server(Settings(data=tmp_path, admin_key=given, roles=("api",))) as server:
            assert (await server.services.identities.resolve(first)).may("workspaces:admin")
            with pytest.raises(Unauthorized):
                await server.services.identities.resolve(second)


async def test_the_first_key_may_stand_in_a_file_which_must_hold_one(tmp_path: Path) -> None:
    file = tmp_path / "given"
    file.write_text("hor_short\n")
    settings = Settings(data=tmp_path / "data", admin_key_file=file)
    with pytest.raises(Unavailable, match="holds no key"):
        async with open_server(settings):
            pass
    file.write_text("  hor_" + "f" * 40 + " \r\n\n")  # as editors of other systems leave it
    async with open_server(settings) as server:
        who = await server.services.identities.resolve("hor_" + "f" * 40)
        assert who.may("workspaces:admin")


async def test_a_key_is_recovered_of_a_database_that_is_there_and_that_no_server_has(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", roles=("api",))
    with pytest.raises(Unavailable, match="there is no database at"):
        await recover_key(settings)
    assert not (tmp_path / "data").exists()
    async with open_server(settings):
        with pytest.raises(Unavailable, match=r"another Horarium server is using .*: stop it first$"):
            await recover_key(settings)
    key = await recover_key(settings)
    async with open_server(settings) as server:
        assert (await server.services.identities.resolve(key)).may("workspaces:admin")


async def test_a_server_does_not_start_without_a_dialect_that_its_schedules_need(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, roles=("api",))
    async with open_server(settings) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        config = {"url": "https://example.com/"}
        target = (
            await services.targets.create(who, TargetDraft(TargetKind.TOOL, "T", "http", config))
        ).target
        timing = Timing("0 9 * * *")
        await services.schedules.create(
            ScheduleDraft(who.workspace_id, who.principal_id, "s", timing, target.id, "acme")
        )
        await services.store.write(meta.schedules_without_dialect, ("acme", *grammar_names()))
    with pytest.raises(Unavailable, match=r"not installed here: 1 of acme; install the packages"):
        async with open_server(settings):
            pass
