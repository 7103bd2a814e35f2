"""Which loops a server has in each of its roles, and what each of them does."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.app import loops, open_server
from horarium.domain.errors import Unauthorized, Unavailable
from horarium.domain.events import EventFilter
from horarium.domain.host_lists import host_list
from horarium.domain.webhooks import Webhook, WebhookState
from horarium.engine.fanout import FanoutRunner
from horarium.engine.loops import HOUSEKEEPING_S, UPKEEP_S
from horarium.engine.poller import Poller
from horarium.engine.steps import DAY_MS, Engine
from horarium.service import recording
from horarium.service.allowed_hosts import REFRESH_S
from horarium.service.identity import IdentityService
from horarium.service.pauses import PauseService
from horarium.settings import Settings
from horarium.store.sqlite import SqliteStore
from horarium.store.vault import new_key
from horarium.store.verbs import nodes, tenancy, webhooks
from horarium.worker.worker import Worker
from tests.app.conftest import GIVEN, NOW
from tests.support.postgres import drop_database, migrated_database


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
    "free_memory": HOUSEKEEPING_S,
}


ALONE = {"heartbeat_loop": None}


OF_WORKER = {
    "Worker._claim_loop": None,
    "Worker._cancel_loop": None,
    "Worker._follow_loop": None,
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


async def test_the_failure_of_any_loop_ends_the_process_as_one_that_failed_and_its_end_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: killed.append(given))
    fail = asyncio.Event()

    async def broken(*given: Any) -> None:
        await fail.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(loops, "lag_loop", broken)
    said = r"a part of it failed \(ZeroDivisionError: \); its log has the details under loop_failed"

    async def served() -> None:
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            fail.set()
            async with asyncio.timeout(10):
                while not killed:
                    await asyncio.sleep(0)
            monkeypatch.setattr(IdentityService, "write_last_used", broken)  # the goodbye fails, too

    with capture_logs() as told, pytest.raises(Unavailable, match=said):
        await served()
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

        changed = partial(replace, weight=3, allowed_hosts=("a.example",))
        await store.write(tenancy.change_workspace, own, changed, now)
        await until(lambda: services.tenancy.allowed_hosts.of(own) == host_list(("a.example",)))
        await until(lambda: server.shares.of(own).weight == 3)

        await services.identities.resolve(key)
        await store.write(tenancy.delete_principal, own, who.principal_id, now)
        with pytest.raises(Unauthorized):
            await services.identities.resolve(key)


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
