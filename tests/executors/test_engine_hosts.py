"""Which names can be those of an engine, and what is told of the others."""

import pytest

from horarium.executors.engines.hosts import EngineHosts, check_place, host_and_port
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
