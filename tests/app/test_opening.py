"""What a server does before it works, and in which order all of it ends."""

from __future__ import annotations

import asyncio
import base64
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from horarium.app import loops, open_server, opening
from horarium.domain.errors import Invalid, Unavailable
from horarium.domain.events import EventFilter
from horarium.domain.host_lists import host_list
from horarium.domain.target import TargetKind
from horarium.service.identity import IdentityService
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import nodes
from tests.app.conftest import NOW
from tests.support import postgres
from tests.support.postgres_alias import postgres_alias


async def test_a_server_has_the_console_beside_its_api(tmp_path: Path) -> None:
    async with (
        open_server(Settings(data=tmp_path, roles=("api",))) as server,
        httpx.AsyncClient(transport=httpx.ASGITransport(server.api), base_url="http://h") as client,
    ):
        page = await client.get("/console/sign-in", headers={"accept": "text/html"})
        api = await client.get("/horarium/v1/me")
    assert (page.status_code, api.status_code) == (200, 401)
    assert page.headers["content-type"].startswith("text/html")


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


async def test_a_server_that_starts_knows_the_lists_of_hosts_and_the_shares_before_it_does_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path, roles=("api", "worker"))
    async with open_server(settings) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        await services.tenancy.update_workspace(who, who.workspace_id, allowed_hosts=["a.example"], weight=3)
    monkeypatch.setattr(loops, "upkeep_loop", lambda steps, every_s: asyncio.sleep(3_600))
    async with open_server(settings) as server:
        assert server.services.tenancy.allowed_hosts.of(who.workspace_id) == host_list(("a.example",))
        assert server.shares.of(who.workspace_id).weight == 3


async def test_a_server_that_starts_again_notes_events_from_its_first_transaction_on(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, roles=("api",))
    async with open_server(settings) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        await services.webhooks.create(who, "https://example.com/hook", None, EventFilter())
    async with open_server(settings) as server:  # nothing of it has run yet
        assert who.workspace_id in server.services.store.recording


@pytest.mark.parametrize(("kind", "alone"), [(opening.PostgresStore, False), (SqliteStore, True)])
async def test_a_node_that_comes_retires_others_only_where_none_can_be_at_work(
    kind: Any, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    async def urgent(store: Any, *given: Any) -> None:
        asked.append(given)

    monkeypatch.setattr(kind, "urgent", urgent)
    clock: Any = SimpleNamespace(now_ms=lambda: NOW)
    node = await opening._register(object.__new__(kind), clock, Settings(lease=4.5))
    assert asked == [(nodes.register, node, alone)]
    assert (node.started_ms, node.lease_until_ms) == (NOW, NOW + 4_500)


@pytest.mark.parametrize("skew_ms", [-1_001, -1_000, 0, 1_000, 1_001])
def test_a_clock_that_is_wrong_in_either_direction_is_told_with_how_far_the_database_is_ahead(
    skew_ms: int,
) -> None:
    with capture_logs() as told:
        opening._report_skew(skew_ms)
    line = {"event": "clock_skew", "database_ahead_ms": skew_ms, "consequence": "the database's time is used"}
    assert told == [{"log_level": "warning", **line}] * (abs(skew_ms) > 1_000)


async def test_a_server_tells_how_far_the_database_is_ahead_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = opening.DatabaseClock.now_ms
    monkeypatch.setattr(opening.DatabaseClock, "now_ms", lambda clock: real(clock) + 100_000)
    skews: list[int] = []
    monkeypatch.setattr(opening, "_report_skew", skews.append)
    async with open_server(Settings(data=tmp_path, roles=("api",))):
        assert 90_000 < skews[0] < 110_000


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


async def test_a_server_ends_its_work_before_what_its_work_needs_though_the_database_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_process: list[SqliteStore]
) -> None:
    order: list[str] = []

    def note(name: str, fails: bool = False) -> Callable[..., Any]:
        async def noted(*given: Any) -> None:
            order.append(name + "".join(f" {one:g}" for one in given if isinstance(one, float)))
            if fails:
                raise Unavailable("the database is away")

        return noted

    async with open_server(Settings(data=tmp_path, drain=3.0)) as server:
        (store,) = in_one_process
        assert server.worker is not None
        assert server.deliverer is not None
        monkeypatch.setattr(server.worker, "drain", note("worker"))
        monkeypatch.setattr(server.deliverer, "close", note("deliverer", fails=True))
        monkeypatch.setattr(type(server.services.identities), "write_last_used", note("keys"))
        monkeypatch.setattr(opening.registry, "close", note("executors"))
        monkeypatch.setattr(opening.audience_sources, "close", note("sources"))
        monkeypatch.setattr(type(server.services.webhooks.post), "close", note("post"))
        lease, tracing = note("lease"), lambda: order.append("tracing")
        server.lease, server.tracing = SimpleNamespace(close=lease), SimpleNamespace(close=tracing)  # type: ignore[assignment]
        store.figures.tell = lambda *given: None
        stopped = note("node", fails=True)
        monkeypatch.setattr(store, "urgent", lambda verb, *given: stopped())
    assert order[0] == "worker 3"
    assert sorted(order[1:4]) == ["deliverer", "lease", "tracing"]
    assert sorted(order[4:6]) == ["keys", "node"]
    assert sorted(order[6:]) == ["executors", "post", "sources"]
    assert store.figures.tell is None


async def test_a_server_that_stops_leaves_no_node_behind_and_says_when_its_keys_were_used(
    tmp_path: Path,
) -> None:
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        await server.services.identities.resolve((tmp_path / "admin.key").read_text().strip())
    with closing(sqlite3.connect(tmp_path / "horarium.db")) as database:
        assert database.execute("SELECT count(*) FROM nodes WHERE stopped_ms IS NULL").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM keys WHERE last_used_ms IS NULL").fetchone() == (0,)


async def test_a_server_ends_although_its_database_says_nothing_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[str] = []

    async def silent(*_: Any) -> None:
        began.append("goodbye")
        await asyncio.Event().wait()

    monkeypatch.setattr(opening, "GOODBYE_S", 0.01)
    async with asyncio.timeout(20):
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            monkeypatch.setattr(IdentityService, "write_last_used", silent)
    assert began == ["goodbye"]


async def test_what_a_server_has_open_to_others_is_closed_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, closed = asyncio.Barrier(3), list[str]()

    def close(name: str) -> Callable[..., Any]:
        async def closing(*_: Any) -> None:
            await together.wait()  # until all three are being closed
            closed.append(name)

        return closing

    async with asyncio.timeout(20):
        async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
            monkeypatch.setattr(opening.registry, "close", close("executors"))
            monkeypatch.setattr(opening.audience_sources, "close", close("sources"))
            monkeypatch.setattr(type(server.services.webhooks.post), "close", close("post"))
    assert sorted(closed) == ["executors", "post", "sources"]


async def test_a_server_ends_although_what_sends_its_events_cannot_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: Any) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(20):
        async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
            monkeypatch.setattr(opening, "GOODBYE_S", 0.05)
            monkeypatch.setattr(type(server.services.webhooks.post), "close", hang)
