"""Which names can be those of an engine, and what is told of the others."""

import socket
from contextlib import asynccontextmanager

import pytest

from horarium.domain.host_lists import host_list
from horarium.domain.refused_hosts import RefusedHosts
from horarium.executors import egress
from horarium.executors.egress import AddressRefused
from horarium.executors.engines import nats
from horarium.executors.engines.brokers import Message
from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
from horarium.executors.engines.kafka import Kafka
from horarium.executors.engines.nats_link import NatsPlace
from horarium.executors.engines.rabbitmq import RabbitMq
from horarium.executors.engines.redis_servers import RedisPlace, RedisServers
from horarium.executors.look_ups import Found
from horarium.executors.options import ExecutorOptions

TOO_LONG = "a" * 64 + ".example"
IMPOSSIBLE = (TOO_LONG, "a..example", ".example", "ä" * 63 + ".example")


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=("long", "empty", "first", "long when written in ASCII"))
def test_a_name_that_no_host_can_have_is_refused_when_a_target_is_made(name):
    (problem,) = check_place("server", f"{name}:4222", 4222)
    assert problem.field == "server"
    assert "no host can have this name: between its dots are 1 to 63 characters" in problem.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nats.example.com", ("nats.example.com", 4222)),
        ("nats.example.com.:1", ("nats.example.com.", 1)),
        ("nats_1.example", ("nats_1.example", 4222)),
        ("bücher.example:7", ("bücher.example", 7)),
        ("[::1]:65535", ("::1", 65535)),
        ("127.0.0.1", ("127.0.0.1", 4222)),
    ],
)
def test_names_and_addresses_that_hosts_have_are_taken(text, expected):
    assert host_and_port(text, 4222) == expected


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=("long", "empty", "first", "long when written in ASCII"))
async def test_a_broker_of_such_a_name_is_one_whose_name_is_not_known(name):
    """Clusters name their brokers themselves, so this is not only what a target's maker writes."""
    hosts = EngineHosts(ExecutorOptions(engine_hosts=("*",)))
    try:
        with pytest.raises(OSError, match="no host can have this name"):
            await hosts.address(b"workspace", name, 4222)
    finally:
        await hosts.close()


MESSAGE = Message("run_1", b"{}", {}, {"type": "horarium.run"})
PLACE = {"server": "engine.example", "topic": "jobs", "routing_key": "jobs", "subject": "jobs"}


@pytest.mark.parametrize(
    ("listed", "host", "port", "is_named"),
    [
        ("nats.internal", "NATS.internal.", 4222, True),
        ("nats.internal:4222", "nats.internal", 4222, True),
        ("nats.internal:4222", "nats.internal", 4223, False),
        ("::1", "::1", 4222, True),
        ("[::1]", "::1", 4222, True),
        ("[::1]:4222", "::1", 4222, True),
        ("[::1]:4222", "::1", 4223, False),
        ("*", "nats.internal", 4222, False),
    ],
)
def test_a_host_that_the_operator_names_is_one_however_it_is_written(listed, host, port, is_named):
    """Those that are named may be of private networks, too."""
    assert EngineHosts(ExecutorOptions(engine_hosts=(listed,)))._is_named(host, port) is is_named


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_every_host_is_not_this_machine_however_it_is_written(host):
    hosts = EngineHosts(ExecutorOptions(engine_hosts=("*",)))
    for written in {host, host.upper(), f"{host}.", f"{host.upper()}."} if host == "localhost" else {host}:
        assert "is not among the engines" in (hosts.refusal(b"workspace", written, 4222) or "")


async def test_a_name_with_a_dot_at_its_end_is_looked_up_as_the_name(monkeypatch):
    asked = []

    def look_up(name):
        asked.append(name.host)
        return [Found(socket.AF_INET, "10.1.2.3", 0)]

    monkeypatch.setattr(egress, "_look_up", look_up)
    hosts = EngineHosts(ExecutorOptions(engine_hosts=("*",)))
    try:
        found = [
            await hosts.address(b"workspace", name, 4222) for name in ("a.example.", "a.example", "10.1.2.4.")
        ]
    finally:
        await hosts.close()
    assert (found, asked) == (["10.1.2.3", "10.1.2.3", "10.1.2.4"], ["a.example"])


class OpenConnections:
    """Connections of which there is one to every place."""

    @asynccontextmanager
    async def hold(self, *_):
        yield pytest.fail("a connection was used")


async def with_redis(options):
    servers = RedisServers(options)
    servers._clients = OpenConnections()
    async with servers.client(b"workspace", RedisPlace.of(PLACE)):
        pass


async def with_kafka(options):
    broker = Kafka(options)
    broker._producers = OpenConnections()
    await broker.publish(b"workspace", broker.place(PLACE), "jobs", MESSAGE)


async def with_rabbitmq(options):
    broker = RabbitMq(options)
    broker._publishers = OpenConnections()
    await broker.publish(b"workspace", broker.place(PLACE), "jobs", MESSAGE)


async def with_nats(options):
    executor = nats.make(options)
    executor._connections = OpenConnections()
    async with executor._link(b"workspace", NatsPlace("engine.example", 4222, False, ())):
        pass


@pytest.mark.parametrize("use", [with_redis, with_kafka, with_rabbitmq, with_nats])
async def test_a_connection_that_is_open_is_not_used_once_the_workspace_may_not_reach_its_host(use):
    noted = RefusedHosts()
    options = ExecutorOptions(
        engine_hosts=("engine.example",),
        allowed_hosts=lambda _: host_list(("other.example",)),
        refused_hosts=noted,
    )
    with pytest.raises(AddressRefused, match="is not among the hosts that this workspace may reach"):
        await use(options)
    assert [refused.host for refused in noted.take(0)] == ["engine.example"]
