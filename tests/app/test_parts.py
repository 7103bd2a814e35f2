"""Which setting reaches which part of a server."""

from __future__ import annotations

from inspect import getclosurevars
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from horarium import __version__
from horarium.app import executor_options, open_server, opening, parts
from horarium.engine.steps import DAY_MS
from horarium.settings import Settings
from horarium.store.verbs import nodes
from horarium.times import TZDATA_VERSION
from tests.app.conftest import GIVEN


async def test_every_part_is_given_its_own_setting(
    tmp_path: Path, given_to: dict[str, list[dict[str, Any]]]
) -> None:
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    database = f"sqlite:///{elsewhere / 'h.db'}"
    settings = Settings(
        data=tmp_path, database=database, backup_to="kept", backup_every=0.5, backup_keep=3, **GIVEN
    )
    async with open_server(settings) as server:
        services = server.services
        (worker,), (watcher,), (deliverer,) = (given_to[name] for name in ("Worker", "Watcher", "Deliverer"))
        assert (worker["concurrency"], worker["poll_s"], worker["node"]) == (7, 7.5, server.id)
        assert worker["callback_base"] == "https://schedules.example.com"
        assert worker["most_waiting"] == parts.most_waiting(settings) > 7
        assert worker["share_of"] == watcher["share_of"] == server.shares.of
        assert (watcher["poll_s"], deliverer["node"]) == (7.5, server.id)
        assert deliverer["post"] is services.webhooks.post
        assert watcher["clean"]("refused: hunter2", {"PASSWORD": "hunter2"}) == "refused: ***"
        (engine,), (fan_out,) = given_to["Engine"], given_to["FanoutRunner"]
        assert list(engine.values())[2:] == [server.id, 3 * DAY_MS // 2]
        assert (fan_out["node"], fan_out["poll_s"]) == (server.id, 7.5)
        (heartbeat,), (release,) = given_to["heartbeat_loop"], given_to["release_loop"]
        assert (heartbeat["node"], heartbeat["lease_ms"]) == (server.id, 45_000)
        assert (release["poll_s"], release["hands"]) == (7.5, server.worker)
        alarms = {id(one["alarm"]) for name in ("release_loop", "clock_loop", "forget_loop", "act_loop")
                  for one in given_to[name]}  # fmt: skip
        assert len(alarms) == 1
        kept = {
            step.__name__: getclosurevars(step).nonlocals["kept_ms"]
            for one in given_to["upkeep_loop"]
            for step in one["steps"]
            if step.__name__ in ("forget_events", "forget_audit")
        }
        assert kept == {"forget_events": 5 * DAY_MS // 2, "forget_audit": 7 * DAY_MS // 2}
        (backups,) = given_to["ServerBackups"]
        assert (backups["to"], backups["every_ms"], backups["keep"]) == ("kept", 1_800_000, 3)
        (node,) = await services.store.read(nodes.living, services.clock.now_ms())
        assert (node.name, node.roles, node.software) == ("north", "api,engine,worker", __version__)
        assert node.zone_data == TZDATA_VERSION
        # A heartbeat may have come already.
        assert 45_000 <= node.lease_until_ms - node.started_ms < 75_000
        assert services.readiness.folder == elsewhere


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


async def test_connections_that_executors_refuse_are_noted_in_the_audit_log_of_their_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    real = opening.executor_options
    monkeypatch.setattr(
        opening, "executor_options", lambda settings: (given.append(real(settings)), given[0])[1]
    )
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        assert server.services.audit.refused_hosts is given[0].refused_hosts


@pytest.mark.parametrize("share", [0.0, 0.25])
async def test_what_is_traced_is_the_share_that_is_set_of_runs_and_of_transactions(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_to: dict[str, list[dict[str, Any]]]
) -> None:
    tracing = pytest.importorskip("horarium.worker.tracing", reason="comes with the extra horarium[otel]")
    from horarium.service import database_spans

    made: dict[str, tuple[Any, ...]] = {}
    closed: list[bool] = []

    class Runs:
        def __init__(self, *given: Any) -> None:
            made["runs"] = given

        def close(self) -> None:
            closed.append(True)

    class Transactions:
        def __init__(self, *given: Any) -> None:
            made["transactions"] = given

        def took(self, *given: Any) -> None:
            made["took"] = given

    monkeypatch.setattr(tracing, "to_collector", lambda: "collector")
    monkeypatch.setattr(tracing, "Tracing", Runs)
    monkeypatch.setattr(database_spans, "DatabaseSpans", Transactions)
    async with open_server(Settings(data=tmp_path, trace_share=share)) as server:
        assert given_to["Worker"][0]["tracing"] is server.tracing
        await server.services.store.now_ms()
    if not share:
        assert made == {}
        return
    assert made["runs"] == ("collector", 0.25, server.id)
    assert made["transactions"][:2] == ("collector", 0.25)
    assert made["transactions"][3] == "sqlite"
    assert "took" in made
    assert closed == [True]


async def test_a_node_that_has_lost_its_lease_neither_fires_nor_begins_nor_sends_and_says_so(
    tmp_path: Path, given_to: dict[str, list[dict[str, Any]]]
) -> None:
    async with open_server(Settings(data=tmp_path)) as server:
        clock: Any = server.services.clock
        may = [given_to[name][0]["may_work"] for name in ("Worker", "Watcher", "Deliverer")]
        held = given_to["release_loop"][0]["held"]
        assert [one() for one in may] == [True] * 3
        assert not held()
        clock._suspected = clock.now_ms() + 3_600_000
        assert held()
        clock._suspected = None
        lease: Any = SimpleNamespace(held=False)
        server.lease = lease
        try:
            assert [one() for one in may] == [False] * 3
            assert held()
            server.services.readiness._until = 0.0
            (reason,) = await server.services.readiness.reasons()
            assert "lost its lease" in reason
        finally:
            server.lease = None
