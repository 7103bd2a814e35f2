"""What a broker of RabbitMQ is asked to do with the message of a run. `make engines` asks a real one."""

import asyncio
import sys
from types import SimpleNamespace

import pytest

from horarium.executors.engines.brokers import Message
from horarium.executors.engines.rabbitmq import RabbitMq, _Frames, _Publisher
from horarium.executors.options import ExecutorOptions
from horarium.executors.template import TemplateError

MESSAGE = Message("run_1", b"{}", {"Horarium-Run": "run_1"}, {"type": "horarium.run"})


class Channel:
    """Confirms what is published at once, and remembers it."""

    is_closed = False

    def __init__(self):
        self.published = []

    async def basic_publish(self, body, **given):
        self.published.append((body, SimpleNamespace(**given)))


@pytest.fixture
def channel(monkeypatch):
    properties = SimpleNamespace(Basic=SimpleNamespace(Properties=SimpleNamespace))
    monkeypatch.setitem(sys.modules, "aiormq", SimpleNamespace(spec=properties))
    return Channel()


async def test_a_publisher_is_closed_once_all_that_wait_for_it_have_ended(channel):
    confirmed, closed = asyncio.Event(), []

    async def wait(body, **given):
        await confirmed.wait()

    async def close():
        closed.append(True)

    channel.basic_publish = wait
    judged = SimpleNamespace(writer=None, frames=_Frames(asyncio.StreamReader()))
    publisher = _Publisher(SimpleNamespace(is_closed=False, close=close), channel, judged)
    given_up, waits = (asyncio.create_task(publisher.publish("", "jobs", MESSAGE)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    closing = asyncio.create_task(publisher.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert closed == []
    confirmed.set()
    await asyncio.gather(waits, closing)
    assert closed == [True]


async def test_a_message_outlives_a_restart_and_comes_back_where_no_queue_gets_it(channel):
    judged = SimpleNamespace(writer=None, frames=_Frames(asyncio.StreamReader()))
    publisher = _Publisher(SimpleNamespace(is_closed=False), channel, judged)
    await publisher.publish("", "jobs", MESSAGE)
    ((body, given),) = channel.published
    assert (body, given.exchange, given.routing_key, given.mandatory) == (b"{}", "", "jobs", True)
    assert (given.properties.delivery_mode, given.properties.message_id) == (2, "run_1")
    assert given.properties.headers == {"cloudEvents_type": "horarium.run", "Horarium-Run": "run_1"}
    assert publisher.is_open


def test_a_routing_key_has_as_many_bytes_as_the_protocol_can_write():
    broker = RabbitMq(ExecutorOptions())
    place = broker.place({"server": "a.example", "routing_key": "{{ input.key }}"})
    for key in ("a" * 255, "ä" * 127 + "a"):
        assert broker.address(place, {"input": {"key": key}}) == key
    for key in ("a" * 256, "ä" * 128):
        with pytest.raises(TemplateError, match="longer than 255 bytes"):
            broker.address(place, {"input": {"key": key}})


@pytest.mark.parametrize(("unsent", "broken_off"), [(0, False), (1, True)])
async def test_a_broker_that_does_not_read_what_it_is_sent_is_not_waited_for(
    unsent: int, broken_off: bool
) -> None:
    """The library would wait for it without an end, whoever gives up."""
    done: list[str] = []

    async def close() -> None:
        done.append("close")

    transport = SimpleNamespace(get_write_buffer_size=lambda: unsent, abort=lambda: done.append("abort"))
    judged = SimpleNamespace(writer=SimpleNamespace(transport=transport))
    await _Publisher(SimpleNamespace(is_closed=False, close=close), None, judged).close()
    assert done == (["abort", "close"] if broken_off else ["close"])


async def test_a_broker_that_says_very_much_at_once_lets_others_have_their_turn() -> None:
    reader = asyncio.StreamReader(limit=2**20)
    reader.feed_data(b"\x08\0\0\0\0\0\0\xce" * 5_000)  # heartbeats
    frames, turns = _Frames(reader), 0
    frames.asked(10 * 2**20)

    async def read() -> None:
        for _ in range(5_000):
            for size in (1, 6, 1):
                await frames.readexactly(size)

    reading = asyncio.create_task(read())
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 40
