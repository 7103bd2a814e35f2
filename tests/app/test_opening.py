"""What a server asks of its database before it starts."""

from __future__ import annotations

import asyncio
import base64
import inspect
import os
import stat
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.app import executor_options, loops, open_server
from horarium.domain.errors import Invalid, Unauthorized, Unavailable
from horarium.domain.events import EventFilter
from horarium.domain.host_lists import host_list
from horarium.domain.target import TargetKind
from horarium.domain.webhooks import Webhook, WebhookState
from horarium.engine.fanout import FanoutRunner
from horarium.engine.steps import Engine
from horarium.service import recording
from horarium.service.pauses import PauseService
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import meta, tenancy, webhooks
from horarium.times import Timing, grammar_names
from horarium.worker.worker import Worker
from tests.support import postgres
from tests.support.postgres_alias import postgres_alias


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


async def test_a_data_folder_that_cannot_be_locked_is_told_as_one_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "away" / "lock")
    with pytest.raises(Unavailable, match=r"the data folder .* cannot be used"):
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            pass


async def test_a_new_data_folder_is_private_and_nothing_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with capture_logs() as logs:
        async with open_server(Settings(data=data, roles=("api",))):
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert not [entry for entry in logs if entry["event"] == "data_folder_open"]


async def test_a_server_knows_its_own_database_and_the_lists_of_hosts(tmp_path: Path) -> None:
    url = postgres.fresh_database("app")
    key = base64.b64encode(os.urandom(32)).decode()
    settings = Settings(data=tmp_path, database=url, secret_key=key, roles=("api",), sql_allow_loopback=True)
    database = url.split("@/", 1)[1].split("?", 1)[0]
    async with (
        open_server(settings) as server,
        postgres_alias(f"{postgres.socket_folder()}/.s.PGSQL.5432", database) as port,
    ):
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        table = {"connection": f"postgresql://postgres@127.0.0.1:{port}/crm", "table": "keys"}
        made = await services.targets.create(who, TargetDraft(TargetKind.TABLE, "T", "sql", table))
        write = {"operation": "INSERT", "values": {"name": "mine"}}
        with pytest.raises(Unavailable, match="own database"):
            await services.targets.check_write(made.target, write, "input")
        await services.tenancy.update_workspace(who, who.workspace_id, allowed_hosts=["db.example.com"])
        with pytest.raises(Invalid, match="allowed_hosts"):
            await services.targets.create(who, TargetDraft(TargetKind.TABLE, "T", "sql", table))
    postgres.drop_database(url)


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


async def test_a_server_that_starts_again_notes_events_from_its_first_transaction_on(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, roles=("api",))
    async with open_server(settings) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        await services.webhooks.create(who, "https://example.com/hook", None, EventFilter())
    async with open_server(settings) as server:  # nothing of it has run yet
        assert who.workspace_id in server.services.store.recording


async def test_what_others_change_in_the_database_is_noticed_by_a_server_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Access and webhooks as soon as a commit tells of them, lists of hosts and shares when they are read again."""
    monkeypatch.setattr(recording, "REFRESH_S", 3_600.0)
    monkeypatch.setattr(loops, "REFRESH_S", 0.01)
    async with open_server(Settings(data=tmp_path, roles=("api", "worker"))) as server:
        services, store = server.services, server.services.store
        key = (tmp_path / "admin.key").read_text().strip()
        who = await services.identities.resolve(key)
        own, now = who.workspace_id, services.clock.now_ms()

        async def until(true: Callable[[], bool]) -> None:
            async with asyncio.timeout(10):
                while not true():
                    await asyncio.sleep(0.005)

        made = Webhook(
            b"h" * 16, own, "hook", "https://example.com", EventFilter(), b"", WebhookState.DISABLED, None, 0, None,
            1, who.principal_id, now, now,
        )  # fmt: skip
        assert own not in store.recording
        await store.write(webhooks.create_webhook, made)
        await until(lambda: own in store.recording)

        found = await store.read(tenancy.get_workspace, own)
        assert found is not None
        changed = replace(found, weight=3, allowed_hosts=("a.example",))
        await store.write(tenancy.update_workspace, changed, now)
        await until(lambda: services.tenancy.allowed_hosts.of(own) == host_list(("a.example",)))
        await until(lambda: server.shares.of(own).weight == 3)

        await services.identities.resolve(key)
        await store.write(tenancy.delete_principal, own, who.principal_id, now)
        with pytest.raises(Unauthorized):
            await services.identities.resolve(key)


async def test_a_server_gives_memory_back_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[Sequence[Callable[[], Any]], float]] = []

    def noted(found: Sequence[Callable[[], Any]], every: float) -> Coroutine[Any, Any, None]:
        steps.append((found, every))
        return asyncio.sleep(0)

    freed: list[str] = []
    monkeypatch.setattr(loops, "upkeep_loop", noted)
    monkeypatch.setattr(loops, "give_memory_back", lambda: freed.append("of the process"))
    monkeypatch.setattr(SqliteStore, "drop_pages", lambda store: freed.append("of the database"))
    async with open_server(Settings(data=tmp_path, roles=("api",))):
        ((step,),) = [found for found, every in steps if every == 60 and "free_memory" in str(found)]
        assert not await step()
    assert freed == ["of the database", "of the process"]


async def test_a_server_says_that_it_is_not_ready_while_a_jump_of_the_clock_is_not_confirmed(
    tmp_path: Path,
) -> None:
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        clock: Any = server.services.clock
        assert await server.services.readiness.reasons() == []
        clock._suspected = clock.now_ms() + 3_600_000
        server.services.readiness._until = 0.0
        (reason,) = await server.services.readiness.reasons()
        assert "jumped ahead" in reason


# Steps that no loop of upkeep does: `forget_loop` gives space back, and a fan-out is done step by step only in tests.
DONE_ELSEWHERE = {"Engine.give_back_space", "FanoutRunner.step"}


def steps_of(kind: type) -> set[str]:
    """The methods of a class that do one piece of work and tell whether there is more."""
    return {
        member.__qualname__
        for name, member in vars(kind).items()
        if not name.startswith("_")
        and inspect.iscoroutinefunction(member)
        and inspect.signature(member).return_annotation == "bool"
        and [*inspect.signature(member).parameters] == ["self"]
    }


async def test_every_step_that_is_to_be_done_again_and_again_is_in_a_loop_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looped: set[str] = set()

    def noted(steps: Sequence[Callable[..., Any]], when: object) -> Coroutine[Any, Any, Any]:
        looped.update(getattr(step, "__qualname__", "") for step in steps)
        return asyncio.Event().wait()

    monkeypatch.setattr(loops, "upkeep_loop", noted)
    monkeypatch.setattr(loops, "told_loop", noted)
    async with open_server(Settings(data=tmp_path)):
        steps = set[str]().union(*map(steps_of, (Engine, FanoutRunner, PauseService, Worker)))
        assert steps - looped == DONE_ELSEWHERE


def test_every_setting_about_executors_reaches_them(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "allow_loopback": True,
        "allow_private": ("10.1.0.0/16",),
        "deny_hosts": ("denied.example.com",),
        "python_functions": ("shop.jobs:*",),
        "commands": ("backup.sh",),
        "engine_hosts": ("nats.example.com",),
        "sql_hosts": ("db.example.com",),
        "sql_allow_loopback": True,
        "llm_env_keys": ("OPENAI_API_KEY",),
        "public_url": "https://schedules.example.com",
    }
    found = executor_options(Settings(data=tmp_path, response_limit=12_345, concurrency=7, **given))
    assert {name: getattr(found, name) for name in given} == given
    assert (found.response_limit_bytes, found.data_dir) == (12_345, tmp_path)
    assert found.own_database == Settings(data=tmp_path).database_url
    assert found.max_connections > 7
