"""What the watchdog asks in each round, what it does with what it cannot send, and that it goes on whatever fails."""

from __future__ import annotations

import asyncio
import threading
from collections import namedtuple
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.store.migrate import migrate
from horarium.store.verbs.watchdog import Ledger
from horarium.watchdog import watch as module
from horarium.watchdog.alerts import Alerts, Message
from horarium.watchdog.checks import TOLD_FOR_MS, Limits
from horarium.watchdog.watch import Watchdog, Watched, sender
from tests.simulation.loop import VirtualLoop, run_in_virtual_time

FINE = Ledger(None, None, ())


class Web:
    """A session. `answers`: the status of each address, or what is raised where it is asked."""

    def __init__(self, answers: dict[str, int | Exception]) -> None:
        self.answers, self.asked = answers, list[str]()
        self.takes = 0.0

    @asynccontextmanager
    async def get(self, url: str) -> Any:
        self.asked.append(url)
        answer = self.answers.get(url, 200)
        await asyncio.sleep(self.takes)
        if isinstance(answer, Exception):
            raise answer
        yield SimpleNamespace(status=answer, raise_for_status=lambda: None)


def dog_of(*servers: str, database: str = "sqlite:///none", folders: Any = (), **given: Any) -> Watchdog:
    return Watchdog(Watched(servers, database, folders), Limits(), Alerts(), **given)


class Place:
    """A store on PostgreSQL: it is opened, gives what it has, and is closed. `fails`: what it raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[tuple[Any, ...]] = []
        self.closed = 0
        self.fails: Exception | None = None
        self.asked: list[tuple[str, int]] = []
        monkeypatch.setattr(module.PostgresStore, "open", self._open)

    async def _open(self, *given: Any, **named: Any) -> Place:
        self.opened.append((*given, named))
        return self

    async def now_ms(self) -> int:
        if self.fails is not None:
            raise self.fails
        return 1_000_000_000

    async def read(self, verb: Any, since_ms: int) -> Ledger:
        self.asked.append((verb.__name__, since_ms))
        return FINE

    async def close(self) -> None:
        self.closed += 1
        if self.fails is not None:
            raise ConnectionResetError


POSTGRES = "postgresql://h/d"


async def test_each_server_is_asked_and_what_is_wrong_with_its_answer_is_told_of_it_alone() -> None:
    reset = OSError(111, "Connection refused")
    web: Any = Web({
        "http://b/healthz": 503,
        "http://c/healthz": TimeoutError(),
        "http://d/healthz": aiohttp.ClientConnectorError(SimpleNamespace(ssl=True), reset),  # type: ignore[arg-type]
        "http://e/healthz": aiohttp.ClientError("odd"),
        "http://f/healthz": aiohttp.ClientError(),
        "http://g/healthz": 404,
    })  # fmt: skip
    names = [f"http://{name}" for name in "abcdefg"]
    look = await dog_of(*names)._look(web)
    assert [*look.servers] == names
    a, b, c, d, e, f, g = look.servers.values()
    assert (a, b, c) == (None, "it answers with the status 503", "no answer within 2 s")
    assert (d, e) == ("no connection (Connection refused)", "odd")
    assert (f, g) == ("ClientError", "it answers with the status 404")


async def test_a_sqlite_file_is_read_beside_its_server_and_its_disk_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(f"sqlite:///{tmp_path}/a.db")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage(100, 95, 5))
    here = dog_of(database=f"sqlite:///{tmp_path}/a.db", folders=[tmp_path, tmp_path / "gone"])
    web: Any = Web({})
    look = await here._look(web)
    assert look.ledger is not None
    assert (look.trouble, look.free) == (None, {str(tmp_path): 0.05})
    none = await dog_of(database=f"sqlite:///{tmp_path}/none.db")._look(web)
    assert none.ledger is None
    assert none.trouble
    assert not (tmp_path / "none.db").exists()


async def test_a_node_that_was_given_up_is_told_for_ten_minutes(tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[int] = []
    monkeypatch.setattr(module, "_read_file", lambda path, since_ms: (asked.append(since_ms), FINE)[1])
    before = module.time.time_ns() // 1_000_000
    ledger, now, trouble = await dog_of(database=f"sqlite:///{tmp_path}/a.db")._read()
    assert (ledger, trouble) == (FINE, None)
    assert before <= now
    assert asked == [now - 600_000]


def test_without_an_address_to_ping_nobody_but_the_servers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web({})
    Place(monkeypatch)
    played(dog_of("http://a", database=POSTGRES), 5, monkeypatch, web)
    assert set(web.asked) == {"http://a/healthz"}


@pytest.mark.parametrize(("takes_s", "trouble"), [(3.9, None), (4.1, "it did not answer in time")])
def test_a_database_may_take_four_seconds_to_answer(
    takes_s: float, trouble: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(monkeypatch)

    async def slow(*given: Any, **named: Any) -> Place:
        await asyncio.sleep(takes_s)
        return place

    monkeypatch.setattr(module.PostgresStore, "open", slow)
    ledger, _, told = run_in_virtual_time(dog_of("http://a", database=POSTGRES)._read())
    assert (ledger, told) == (None if trouble else FINE, trouble)


def test_a_database_that_gives_no_answer_does_not_keep_the_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(monkeypatch)

    async def never(*given: Any, **named: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(module.PostgresStore, "open", never)
    dog = dog_of("http://a", database=POSTGRES)
    with capture_logs() as told:
        played(dog, 20, monkeypatch, Web({}))
    (alert,) = [line for line in told if line["event"] == "alert"]
    assert (alert["title"], "it did not answer in time" in alert["text"]) == ("Horarium: database", True)
    assert place.closed == 0


async def test_on_postgres_one_store_is_used_for_all_rounds_with_the_clock_of_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(monkeypatch)
    dog = dog_of(database=POSTGRES)
    for _ in range(3):
        assert await dog._read() == (FINE, 1_000_000_000, None)
    assert place.opened == [(POSTGRES, "horarium watchdog", {"notify": False})]
    assert place.asked == [("watch", 1_000_000_000 - TOLD_FOR_MS)] * 3


async def test_a_database_that_fails_is_told_and_connected_to_anew_in_the_next_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(monkeypatch)
    dog = dog_of(database=POSTGRES)
    await dog._read()
    for fails, words in ((Unavailable("away"), "away"), (TimeoutError(), "it did not answer in time")):
        place.fails = fails
        ledger, _, trouble = await dog._read()
        assert (ledger, trouble) == (None, words)
        place.fails = None
        assert (await dog._read())[0] is FINE
    assert (len(place.opened), place.closed) == (3, 2)


def played(dog: Watchdog, seconds: float, monkeypatch: pytest.MonkeyPatch, web: Any) -> None:
    """Let a watchdog run for so long, in virtual time."""
    loop = VirtualLoop(Random(1))

    @asynccontextmanager
    async def session(**given: Any) -> Any:
        assert given["timeout"].total == 2.0
        yield web

    async def in_this_thread(call: Any, *given: Any) -> Any:
        return call(*given)

    monkeypatch.setattr(module.aiohttp, "ClientSession", session)
    monkeypatch.setattr(module.asyncio, "to_thread", in_this_thread)
    monkeypatch.setattr(module, "in_own_thread", lambda call, _: asyncio.ensure_future(in_this_thread(call)))
    monkeypatch.setattr(module.time, "monotonic", loop.time)

    async def play() -> None:
        working = asyncio.create_task(dog.run())
        await asyncio.sleep(seconds)
        assert not working.done()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    loop.run_until_complete(play())
    loop.close()


def test_it_looks_every_two_seconds_whatever_a_look_takes_pings_once_a_minute_and_closes_its_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, web = Place(monkeypatch), Web({})
    web.takes = 0.7
    dog = dog_of("http://a", database=POSTGRES, ping_url="https://ping")
    played(dog, 599, monkeypatch, web)
    assert web.asked.count("http://a/healthz") == pytest.approx(300, abs=1)
    assert web.asked.count("https://ping") == 10
    assert place.closed == 1


async def test_a_ping_that_fails_ends_nothing_and_goes_out_again_in_the_next_round() -> None:
    dog = dog_of(ping_url="https://ping")
    for error in (TimeoutError(), aiohttp.ClientError("odd")):
        web: Any = Web({"https://ping": error})
        with capture_logs() as lines:
            for _ in range(2):
                await dog._ping(web)
        assert len(web.asked) == 2
        # Without its words, which may quote the address, and with it a secret.
        told = {"log_level": "warning", "event": "ping_failed", "error": type(error).__name__}
        assert lines == [told] * 2


def test_what_two_looks_find_is_sent_and_tried_again_in_order_until_somebody_has_got_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Place(monkeypatch)
    web = Web({"http://a/healthz": 503})
    tried: list[tuple[str, bool]] = []
    got: list[str] = []

    def send(message: Message) -> bool:
        tried.append((message.title, message.over))
        if len(tried) == 3:
            web.answers.clear()
        if len(tried) < 6:
            return False
        got.append(message.title)
        return True

    dog = dog_of("http://a", database=POSTGRES, send=send)
    with capture_logs() as told:
        played(dog, 40, monkeypatch, web)
    assert got == ["Horarium: server", "Horarium: over (server)"]
    assert [over for _, over in tried] == [False] * 6 + [True]
    levels = [(line["log_level"], line["title"]) for line in told if line["event"] == "alert"]
    assert levels == [("warning", "Horarium: server"), ("info", "Horarium: over (server)")]
    assert sum(line["event"] == "alert_not_sent" for line in told) == 5
    assert dog._unsent == []


def test_where_people_are_told_by_the_log_alone_nothing_gathers_to_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Place(monkeypatch)
    dog = dog_of("http://a", database=POSTGRES)
    gathered = set[int]()
    real = dog.alerts.look
    dog.alerts = SimpleNamespace(look=lambda *given: (gathered.add(len(dog._unsent)), real(*given))[1])  # type: ignore[assignment]
    with capture_logs() as told:
        played(dog, 20, monkeypatch, Web({"http://a/healthz": 503}))
    assert gathered == {0}
    assert [line["title"] for line in told if line["event"] == "alert"] == ["Horarium: server"]
    assert dog._unsent == []
    assert not [line for line in told if line["event"] == "alert_not_sent"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what apprise imports
def test_an_alert_goes_to_every_address_as_a_failure_and_its_end_as_a_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apprise = pytest.importorskip("apprise", reason="comes with the extra horarium[alerts]")
    sent: list[tuple[int, dict[str, Any]]] = []

    def notify(self: Any, **given: Any) -> bool:
        sent.append((len(self), given))
        return len(sent) == 1

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    send = sender(["json://localhost/a", "json://localhost/b"])
    assert send(Message("T", "words", False)) is True
    assert send(Message("T", "words", True)) is False
    assert [count for count, _ in sent] == [2, 2]
    assert [given["notify_type"] for _, given in sent] == [
        apprise.NotifyType.FAILURE, apprise.NotifyType.SUCCESS,
    ]  # fmt: skip
    assert (sent[0][1]["title"], sent[0][1]["body"]) == ("T", "words")
    with pytest.raises(Unavailable, match=r"the alert URL nonsense://\.\.\. is not one") as caught:
        sender(["nonsense://secret@host"])
    assert "secret" not in str(caught.value)


async def test_who_takes_long_to_take_an_alert_keeps_nobody_from_looking_or_from_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.01)
    takes, begun = threading.Event(), list[bool]()

    def send(message: Message) -> bool:
        begun.append(threading.current_thread().daemon)
        return takes.wait(30)

    dog = dog_of(send=send)
    dog._unsent = [Message("A", "words", False), Message("B", "words", False)]
    with capture_logs() as told:
        for _ in range(3):
            await dog._tell()
    assert dog.is_sending
    assert begun == [True]  # once, in a thread that the end does not wait for
    assert told == [{"log_level": "error", "event": "alert_not_sent", "title": "A"}]
    monkeypatch.setattr(module, "ANSWER_S", 30.0)
    takes.set()
    await dog._tell()
    assert (len(begun), dog._unsent) == (2, [])
