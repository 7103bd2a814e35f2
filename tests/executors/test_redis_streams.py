"""What is asked of a server when a run becomes an entry of a stream."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from horarium.executors.engines.brokers import Message
from horarium.executors.engines.redis_servers import NOT_REDIS, RedisClient, _answer
from horarium.executors.engines.redis_streams import RedisStreams
from horarium.executors.options import ExecutorOptions

MESSAGE = Message("run_1", b"{}", {"Horarium-Run": "run_1"}, {"id": "run_1"})


class Servers:
    """As much of the servers as a stream needs."""

    def __init__(self):
        self.added = []

    @asynccontextmanager
    async def client(self, workspace_id, place):
        yield self

    async def add_once(self, client, mark, remember_s, stream, arguments):
        self.added.append((mark, remember_s, stream, arguments))
        return len(self.added) == 1, b"1-1"


@pytest.mark.parametrize(("max_length", "trimmed"), [(None, []), (1_000, ["MAXLEN", "~", 1_000])])
async def test_a_stream_is_trimmed_to_the_length_that_is_given(max_length, trimmed):
    streams = RedisStreams(ExecutorOptions())
    streams._servers = servers = Servers()
    config = {"server": "redis.example.com", "stream": "jobs", "max_length": max_length, "remember_s": 60}
    place = streams.place(config)
    shown = await streams.publish(bytes(16), place, streams.address(place, {}), MESSAGE)
    again = await streams.publish(bytes(16), place, "jobs", MESSAGE)
    (mark, remember_s, stream, arguments), _ = servers.added
    assert (mark, remember_s, stream) == ("horarium:run_1", 60, "jobs")
    assert arguments == [*trimmed, "*", "data", b"{}", "ce_id", "run_1", "Horarium-Run", "run_1"]
    assert ("duplicate" in shown, again.get("duplicate")) == (False, True)


async def test_scripts_that_were_sent_together_are_answered_though_one_is_not_waited_for_any_more():
    loop = asyncio.get_running_loop()
    given_up, first, last = (loop.create_future() for _ in range(3))
    given_up.cancel()
    _answer([("", (), (), waiting) for waiting in (first, given_up, last)], [1, 2, 3])
    assert (await first, await last) == (1, 3)


@pytest.mark.parametrize(
    "answer",
    [1, [1, b"1-1"], [1, b"1-1", b"horarium:run_2"], [1, b"1-1", b"horarium:run_1", b"more"], [], None],
)
async def test_an_answer_that_does_not_name_the_run_is_none_for_it_and_its_connection_is_left(answer):
    """A server, or what stands before it, that is one answer behind tells each run what came of the run before."""
    client = RedisClient(None)
    asked = asyncio.create_task(client.script("", ("horarium:run_1", "jobs"), ()))
    client._sending |= {asked, asyncio.current_task()}  # so nothing is sent
    await asyncio.sleep(0)
    _answer(list(client._waiting), [answer])
    with pytest.raises(OSError, match=NOT_REDIS):
        await asked
    assert client.demoted


async def test_an_answer_that_names_the_run_is_told_without_that():
    client = RedisClient(None)
    asked = asyncio.create_task(client.script("", ("horarium:run_1", "jobs"), ()))
    client._sending |= {asked, asyncio.current_task()}
    await asyncio.sleep(0)
    _answer(list(client._waiting), [[1, b"1-1", b"horarium:run_1"]])
    assert (await asked, client.demoted) == ([1, b"1-1"], False)


class Library:
    """An emulated client of the library. Its first round trip is never over."""

    def __init__(self):
        self.sent, self.given_up, self.begun = [], 0, asyncio.Event()

    def pipeline(self, transaction):
        self._scripts = []
        return self

    def eval(self, text, number, key, *rest):
        self._scripts.append(key)

    async def execute(self, raise_on_error):
        self.sent.append(scripts := self._scripts)
        self.begun.set()
        if len(self.sent) == 1:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up += 1
        return [[1, b"1-1", key.encode()] for key in scripts]


async def test_a_round_trip_that_nobody_waits_for_any_more_is_given_up_and_the_next_one_goes_on(monkeypatch):
    monkeypatch.setattr("horarium.executors.engines.redis_servers._ROUND_TRIPS", 1)
    library = Library()
    client = RedisClient(library)
    first, second = (asyncio.create_task(client.script("", (key,), ())) for key in ("one", "two"))
    await library.begun.wait()
    last = asyncio.create_task(client.script("", ("three",), ()))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.sleep(0)
    assert not library.given_up  # somebody waits for it
    second.cancel()
    async with asyncio.timeout(10):
        assert await last == [1, b"1-1"]
    assert library.given_up == 1
    assert library.sent == [["one", "two"], ["three"]]
