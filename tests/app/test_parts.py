"""What a server starts in each of its roles, which setting reaches which part, and in which order all of it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from inspect import getclosurevars, signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from structlog.testing import capture_logs

from horarium import __version__
from horarium.app import installation, loops, open_server, opening, parts, recover_key, serve, serving
from horarium.domain.errors import Unauthorized, Unavailable
from horarium.domain.host_lists import host_list
from horarium.engine.loops import HOUSEKEEPING_S, UPKEEP_S
from horarium.engine.poller import Poller
from horarium.engine.steps import DAY_MS
from horarium.service import recording
from horarium.service.allowed_hosts import REFRESH_S
from horarium.settings import Settings
from horarium.store.migrations import latest
from horarium.store.sqlite import SqliteStore
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import meta, nodes
from horarium.times import TZDATA_VERSION
from tests.support.postgres import drop_database, migrated_database

# A setting of each kind that reaches a part, none of them at its default.
GIVEN: dict[str, Any] = {
    "concurrency": 7,
    "poll": 7.5,
    "lease": 45.0,
    "drain": 3.0,
    "retention_days": 1.5,
    "event_retention_days": 2.5,
    "audit_retention_days": 3.5,
    "public_url": "https://schedules.example.com",
    "node": "north",
}


def bound(made: Callable[..., Any], *given: Any, **named: Any) -> dict[str, Any]:
    """What a call gives to each parameter, by its name."""
    return dict(signature(made).bind(*given, **named).arguments)


@pytest.fixture
def given_to(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """What a server gives to the parts that it makes and to its loops, by the names of both."""
    noted: dict[str, list[dict[str, Any]]] = {}

    def note(name: str) -> None:
        where = [module for module in (loops, opening, parts) if name in vars(module)]
        made = getattr(where[0], name)

        def noting(*given: Any, **named: Any) -> Any:
            noted.setdefault(name, []).append(bound(made, *given, **named))
            return made(*given, **named)

        for module in where:
            monkeypatch.setattr(module, name, noting)

    for name in (
        *("Worker", "Watcher", "Deliverer", "Engine", "FanoutRunner", "Lease", "ServerBackups"),
        *("release_loop", "heartbeat_loop", "upkeep_loop", "act_loop", "forget_loop", "clock_loop"),
    ):
        note(name)
    return noted


@pytest.fixture(autouse=True)
def in_one_process(monkeypatch: pytest.MonkeyPatch) -> list[SqliteStore]:
    """The stores that would have a process of their own for their writer, which takes a while to start."""
    apart: list[SqliteStore] = []
    monkeypatch.setattr(SqliteStore, "write_apart", lambda store: apart.append(store))
    return apart


def running() -> dict[str, float | str | None]:
    """What the tasks of this event loop do: their loops, or the steps of these, each with how often (s), or with the
    kind of upkeep of which it is told."""
    found: dict[str, float | str | asyncio.Event | None] = {}
    kinds: dict[asyncio.Event, str] = {}
    for task in asyncio.all_tasks():
        coroutine: Any = task.get_coro()
        name, frame = coroutine.__qualname__, coroutine.cr_frame
        if name in ("upkeep_loop", "told_loop", "act_loop", "forget_loop"):
            values = frame.f_locals
            steps = values.get("steps") or [values.get("work", values.get("engine"))]
            words = [getattr(step, "__qualname__", type(step).__name__) for step in steps]
            words = [word.rpartition("<locals>.")[2] for word in words]
            found |= dict.fromkeys(words, values.get("every_s", values.get("told")))
            pollers = [step.__self__ for step in steps if getattr(step, "__func__", None) is Poller.look]
            kinds |= {told: kind for poller in pollers for kind, told in poller.told.items()}
        elif name == "Publisher.loop":
            found[name] = frame.f_locals["self"]._told
        elif name.endswith("loop"):
            found[name] = None
    return {word: kinds[how] if isinstance(how, asyncio.Event) else how for word, how in found.items()}


# What runs in every role, in one, and on one of the two databases, with how often.
ALWAYS = {
    "clock_loop": None,
    "lag_loop": None,
    "touch": HOUSEKEEPING_S,
    "note_refused_hosts": UPKEEP_S,
    "AllowedHosts.refresh": REFRESH_S,
    "Recording.refresh": recording.REFRESH_S,
}
ALONE = {"heartbeat_loop": None}
OF_WORKER = {
    "Worker._claim_loop": None,
    "Worker._cancel_loop": None,
    "Recorder.loop": None,
    "Watcher.loop": None,
    "Deliverer.loop": None,
    "Worker.find_strays": GIVEN["poll"],
    "Worker.end_overruns": UPKEEP_S,
    "Worker.report_lanes": 3.0,
    "Shares.refresh": REFRESH_S,
}
OF_ENGINE = {
    "FanoutRunner.loop": None,
    "release_loop": None,
    "Publisher.loop": "events",
    "Engine.recover": UPKEEP_S,
    "Poller.look": UPKEEP_S,
    "Engine.tell_failures": UPKEEP_S,
    "Engine.expire": "callbacks",
    "Engine.unstick": "waiting_fires",
    "link_audit": "audit",
    "PauseService.resume_due": "pauses",
    "Engine.rezone": HOUSEKEEPING_S,
    "Engine.forget": HOUSEKEEPING_S,
    "FanoutRunner.tidy": HOUSEKEEPING_S,
    "forget_audit": HOUSEKEEPING_S,
    "PauseService.settle": HOUSEKEEPING_S,
    "Engine": HOUSEKEEPING_S,
    "ActionService": "actions",
    "ErasureService": "erasures",
    "PurgeService": "purges",
    "forget_events": HOUSEKEEPING_S,
}


# A figure of each part that has its own.
FIGURES = {
    "engine": b"horarium_history_deleted_",
    "worker": b"horarium_worker_places ",
    "events": b"horarium_webhooks ",
    "process": b"horarium_event_loop_lag_seconds_",
}


async def test_each_role_has_its_loops_and_figures_and_no_others_and_nothing_runs_on_at_the_end(
    tmp_path: Path, given_to: dict[str, list[dict[str, Any]]]
) -> None:
    for roles, own, figures in (
        (("api",), {}, {"process"}),
        (("worker",), OF_WORKER, {"process", "worker", "events"}),
        (("engine",), OF_ENGINE, {"process", "engine"}),
    ):
        async with open_server(Settings(data=tmp_path, poll=7.5, roles=roles)) as server:
            assert running() == ALWAYS | ALONE | own
            text = await server.services.metrics.text()
            assert {name for name, line in FIGURES.items() if b"\n" + line in text} == figures
            assert bool(server.services.metrics._by_lane) is ("worker" in roles)
        assert running() == {}
    (release,) = given_to["release_loop"]
    assert release["hands"].room() == 0  # there is no worker beside this engine
    assert "ServerBackups" not in given_to


async def test_on_postgres_a_node_has_a_lease_and_looks_for_others_that_have_died(
    tmp_path: Path, given_to: dict[str, list[dict[str, Any]]]
) -> None:
    url = await migrated_database("parts")
    key = new_key()
    settings = Settings(data=tmp_path, database=url, secret_key=key, poll=7.5, lease=45.0)
    async with open_server(settings) as server:
        found = running()
        own = OF_ENGINE | OF_WORKER | {"Engine.recover": 0.5, "tidy": 3600.0, "Worker._ask_loop": None}
        assert {name: found[name] for name in found if name in own | ALWAYS} == ALWAYS | own
        assert "heartbeat_loop" not in found
        (lease,) = given_to["Lease"]
        assert (lease["lease_s"], lease["node"].id, lease["url"]) == (45.0, server.id, url)
        looked: list[int] = []
        assert server.worker is not None
        server.worker.look_again = lambda: looked.append(1)  # type: ignore[method-assign]
        lease["on_lapse"]()
        assert looked == [1]
        living = await server.services.store.read(nodes.living, server.services.clock.now_ms())
        assert [node.id for node in living] == [server.id]
    drop_database(url)


async def test_a_server_has_the_console_beside_its_api(tmp_path: Path) -> None:
    async with (
        open_server(Settings(data=tmp_path, roles=("api",))) as server,
        httpx.AsyncClient(transport=httpx.ASGITransport(server.api), base_url="http://h") as client,
    ):
        page = await client.get("/console/sign-in", headers={"accept": "text/html"})
        api = await client.get("/horarium/v1/me")
    assert (page.status_code, api.status_code) == (200, 401)
    assert page.headers["content-type"].startswith("text/html")


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
    assert order == [
        *("worker 3", "deliverer", "lease", "tracing", "keys", "node", "executors", "sources", "post"),
    ]
    assert store.figures.tell is None


async def test_a_server_that_stops_leaves_no_node_behind_and_says_when_its_keys_were_used(
    tmp_path: Path,
) -> None:
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        await server.services.identities.resolve((tmp_path / "admin.key").read_text().strip())
    with closing(sqlite3.connect(tmp_path / "horarium.db")) as database:
        assert database.execute("SELECT count(*) FROM nodes WHERE stopped_ms IS NULL").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM keys WHERE last_used_ms IS NULL").fetchone() == (0,)


async def test_the_failure_of_any_loop_ends_the_process_and_its_end_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: killed.append(given))
    fail = asyncio.Event()

    async def broken(*given: Any) -> None:
        await fail.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(loops, "lag_loop", broken)
    with capture_logs() as told:
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            fail.set()
            async with asyncio.timeout(10):
                while not killed:
                    await asyncio.sleep(0)
    assert killed == [(os.getpid(), signal.SIGTERM)]
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["loop_failed"]


def test_a_task_that_is_ended_in_order_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended(cancelled: bool) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(0))
        if cancelled:
            task.cancel()
        await asyncio.wait({task})
        return task

    monkeypatch.setattr(os, "kill", lambda *given: pytest.fail("killed"))
    for cancelled in (False, True):
        loops.end_on_fault(asyncio.run(ended(cancelled)))


class Keeper:
    """A store, or an audit log, that only notes what is asked of it. Its clock stands at NOW."""

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[Any] = []
        self.answer = answer
        self.clock = SimpleNamespace(now_ms=lambda: NOW)

    async def write(self, verb: Any, *given: Any) -> Any:
        self.asked.append((verb.__name__, *given))
        return self.answer

    async def tidy_partitions(self, before_ms: int | None) -> bool:
        self.asked.append(before_ms)
        return False

    async def forget(self, before_ms: int) -> None:
        self.asked.append(before_ms)


NOW = 1_800_000_000_000


@pytest.mark.parametrize(("deleted", "more"), [(0, False), (1, True), (500, True)])
async def test_events_are_deleted_after_their_own_time_until_there_are_no_more(
    deleted: int, more: bool
) -> None:
    store: Any = Keeper(deleted)
    assert await loops._forget_events(store, store.clock, 5_000)() is more
    assert store.asked == [("forget_events", NOW - 5_000, 500)]


@pytest.mark.parametrize(("days", "asked"), [(0.0, []), (3.5, [NOW - 7 * DAY_MS // 2])])
async def test_the_audit_log_is_kept_for_its_own_time_or_for_ever(days: float, asked: list[int]) -> None:
    audit = Keeper()
    server: Any = SimpleNamespace(
        services=SimpleNamespace(audit=audit), settings=Settings(audit_retention_days=days, retention_days=1)
    )
    assert await loops._forget_audit(server)() is False
    assert audit.asked == asked


@pytest.mark.parametrize(("kept_ms", "before_ms"), [(0, None), (5_000, NOW - 5_000)])
async def test_no_partition_is_old_where_history_is_kept_for_ever(
    kept_ms: int, before_ms: int | None
) -> None:
    store: Any = Keeper()
    engine: Any = SimpleNamespace(clock=store.clock, retention_ms=kept_ms)
    assert await loops._partitions(store, engine)() is False
    assert store.asked == [before_ms]


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


def test_the_process_that_makes_a_backup_is_told_of_the_database_and_of_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HORARIUM_SECRET_KEY", "k")
    monkeypatch.setenv("HORARIUM_PROT", "unknown")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "who")
    services: Any = SimpleNamespace(store=None, clock=None)
    for settings, url in (
        (Settings(data=Path("/here")), "sqlite:////here/horarium.db"),
        (Settings(data=Path("/here"), database="postgresql://h/d"), "postgresql://h/d"),
    ):
        server: Any = SimpleNamespace(services=services, settings=settings)
        told = loops._backups(server, "kept").environment
        ours = {name: value for name, value in told.items() if name.startswith("HORARIUM_")}
        assert ours == {"HORARIUM_DATA": "/here", "HORARIUM_DATABASE": url}
        assert told["AWS_ACCESS_KEY_ID"] == "who"


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
        assert vault.knows(Vault([given]).fingerprint())


async def test_no_server_works_on_a_copy_that_has_not_been_finished(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with installation.open_database(settings):
        pass
    with closing(sqlite3.connect(tmp_path / "horarium.db")) as database, database:
        database.execute("INSERT INTO meta (name, value) VALUES (?, '')", (meta.COPYING,))
    with pytest.raises(Unavailable, match="copy into this database has not been finished"):
        async with installation.open_database(settings):
            pass


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


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[uvicorn.Config, list[Any]]]:
    """What `serve` hands to uvicorn, which here answers nothing and stops at once."""
    given: list[tuple[uvicorn.Config, list[Any]]] = []

    async def stop(server: uvicorn.Server, sockets: list[Any]) -> None:
        given.append((server.config, [one.getsockname() for one in sockets]))
        server.should_exit = True
        for each in sockets:
            each.close()

    monkeypatch.setattr(uvicorn.Server, "serve", stop)
    return given


async def test_what_serves_is_set_up_by_the_settings_and_says_so(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = []
    real = serving.limited_protocol
    monkeypatch.setattr(serving, "limited_protocol", lambda given: (limits.append(given), real(given))[1])
    ready: list[Settings] = []
    settings = Settings(
        data=tmp_path, roles=("api",), port=0, drain=9.9, connections_per_address=5, poll=7.5,
        trusted_proxies=("10.0.0.1",), pages_address="127.0.0.1:0", lease=45.0,
    )  # fmt: skip
    with capture_logs() as told:
        await serve(settings, ready.append)
    ((config, names),) = served
    assert (config.timeout_graceful_shutdown, config.proxy_headers) == (9, True)
    assert config.forwarded_allow_ips == ["10.0.0.1"]
    assert [config.access_log, config.server_header, config.is_ssl] == [False] * 3
    assert [limit.per_address for limit in limits] == [5]
    (with_ports,) = ready
    assert [(host, port) for host, port in names] == [("127.0.0.1", with_ports.port), with_ports.pages_at]
    assert 0 not in {port for _, port in names}
    lines = {line["event"]: line for line in told}
    started = lines["started"]
    assert (started["version"], started["zone_data"], started["schema"]) == (
        __version__,
        TZDATA_VERSION,
        latest(),
    )
    assert started["address"] == f"http://127.0.0.1:{with_ports.port}"
    assert {"poll": "7.5", "roles": "api"}.items() <= started["settings"].items()
    assert (started["database"], started["admin_key_file"]) == ("sqlite", str(tmp_path / "admin.key"))
    assert told[-1]["event"] == "stopped"
    (tmp_path / "admin.key").unlink()
    with capture_logs() as told:
        await serve(replace(settings, trusted_proxies=(), pages_address=None))
    (started,) = [line for line in told if line["event"] == "started"]
    assert started["admin_key_file"] is None
    assert served[1][0].proxy_headers is False


async def test_nothing_of_a_server_that_stops_runs_on_and_streams_end_when_it_begins_to(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def shutdown(server: uvicorn.Server, sockets: Any = None) -> None:
        ended.append("server")

    await serve(Settings(data=tmp_path, roles=("api",), port=0))
    await asyncio.sleep(0)  # a task that is cancelled has its turn
    left = {getattr(task.get_coro(), "__name__", "") for task in asyncio.all_tasks()}
    assert "end_slow_connections" not in left
    monkeypatch.setattr(uvicorn.Server, "shutdown", shutdown)
    events: Any = SimpleNamespace(close=lambda: ended.append("streams"))
    await serving._HttpServer(served[0][0], events).shutdown()
    assert ended == ["streams", "server"]


async def test_a_certificate_that_cannot_be_used_is_told_and_an_old_tls_is_not_spoken(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]]
) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    bad = tmp_path / "no.pem"
    with pytest.raises(Unavailable, match=r"the TLS certificate .*no\.pem .* cannot be used"):
        await serve(Settings(data=tmp_path / "a", roles=("api",), port=0, tls_cert=bad, tls_key=bad))
    assert served == []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = (
        ssl.TLSVersion.MINIMUM_SUPPORTED
    )  # as a Python may be built, or OpenSSL be set up
    config: Any = SimpleNamespace(load=lambda: None, ssl=context)
    serving._load_certificate(config)
    assert config.ssl.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_an_address_that_is_taken_is_told_with_the_setting_that_gives_another(tmp_path: Path) -> None:
    taken = serving._listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}: .*; choose another --port"):
        await serve(Settings(data=tmp_path, port=port))
    with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}: .*another pages_address"):
        await serve(Settings(data=tmp_path, port=0, pages_address=f"127.0.0.1:{port}"))
    taken.close()
    assert list(tmp_path.iterdir()) == []


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


async def test_the_first_key_may_be_given_and_counts_at_the_first_start_alone(tmp_path: Path) -> None:
    first, second = "hor_" + "a" * 40, "hor_" + "b" * 40
    for given in (first, second):
        async with open_server(Settings(data=tmp_path, admin_key=given, roles=("api",))) as server:
            assert (await server.services.identities.resolve(first)).may("workspaces:admin")
            with pytest.raises(Unauthorized):
                await server.services.identities.resolve(second)


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
