"""Connections to engines are kept, and one that cannot be used any more holds nobody up. Workspaces have shares of
them, and one that is in use is never closed."""

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from horarium.domain.ids import prefixed
from horarium.executors.engines import connections as module
from horarium.executors.engines.connections import IDLE_S, AllInUse, Connections
from horarium.executors.engines.messages import NotUnderstood
from horarium.executors.engines.nats_link import Link

ONE, OTHER = b"one", b"other"


class Connection:
    def __init__(self):
        self.usable, self.closed = True, False


@pytest.fixture
def made():
    return []


@pytest.fixture
def may_close():
    return asyncio.Event()


class Clock:
    def __init__(self):
        self.at = 0.0

    def now(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def connections(may_close, clock):
    async def close(connection):
        await may_close.wait()
        connection.closed = True

    return Connections(lambda connection: connection.usable, close, clock.now)


@pytest.fixture
def few(monkeypatch, may_close):
    """Up to three connections, two of them of one workspace."""
    monkeypatch.setattr(module, "MOST", 3)
    monkeypatch.setattr(module, "MOST_OF_WORKSPACE", 2)
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    may_close.set()


@pytest.fixture
def connect(made):
    async def connect():
        await asyncio.sleep(0)
        made.append(Connection())
        return made[-1]

    return connect


async def used(connections, connect, workspace=ONE, place="here"):
    """The connection to a place, used and given back."""
    async with connections.hold(workspace, place, connect) as found:
        return found


async def until_closed(connection):
    async with asyncio.timeout(10):
        while not connection.closed:
            await asyncio.sleep(0)


async def test_all_who_come_meanwhile_get_the_connection_that_the_first_opens(connections, connect, made):
    found = await asyncio.gather(*(used(connections, connect) for _ in range(5)))
    assert found == made * 5
    assert await used(connections, connect) is made[0]


async def test_a_broken_connection_is_closed_beside_what_goes_on(connections, connect, made, may_close):
    """Its end may take long: a broker that is away says no goodbye. Nobody waits for that, and nobody opens a second
    one instead of it."""
    first = await used(connections, connect)
    first.usable = False
    async with asyncio.timeout(10):
        found = await asyncio.gather(*(used(connections, connect) for _ in range(5)))
    assert made == [first, found[0]]
    assert found == [found[0]] * 5
    assert not first.closed
    may_close.set()
    await connections.close()
    assert [connection.closed for connection in made] == [True, True]


async def test_a_connection_that_somebody_uses_is_closed_when_that_is_over(connections, connect, may_close):
    may_close.set()
    async with connections.hold(ONE, "here", connect) as first:
        first.usable = False
        second = await used(connections, connect)
        await asyncio.sleep(0)
        assert (second is first, first.closed) == (False, False)
    await until_closed(first)
    assert not second.closed


async def test_of_a_workspace_that_needs_one_more_the_one_used_longest_ago_gives_way(
    few, connections, connect
):
    other = await used(connections, connect, OTHER)
    first, second = [await used(connections, connect, place=place) for place in ("a", "b")]
    assert await used(connections, connect, place="a") is first
    third = await used(connections, connect, place="c")
    await until_closed(second)
    assert [one.closed for one in (other, first, third)] == [False, False, False]


async def test_a_workspace_has_no_more_than_its_share_though_the_server_has_room(
    few, connections, connect, monkeypatch
):
    monkeypatch.setattr(module, "MOST", 100)
    first, second, third = [await used(connections, connect, place=place) for place in ("a", "b", "c")]
    await until_closed(first)
    assert [second.closed, third.closed] == [False, False]


async def test_a_server_has_no_more_than_it_may_though_each_workspace_has_its_share_left(
    few, connections, connect, monkeypatch
):
    monkeypatch.setattr(module, "MOST_OF_WORKSPACE", 100)
    made = [await used(connections, connect, bytes([number])) for number in range(4)]
    await until_closed(made[0])
    assert [one.closed for one in made[1:]] == [False] * 3


async def test_one_that_is_left_counts_until_it_is_given_back(few, connections, connect):
    async with AsyncExitStack() as stack:
        left = await stack.enter_async_context(connections.hold(ONE, "a", connect))
        left.usable = False
        async with connections.hold(ONE, "a", connect):
            with pytest.raises(AllInUse):
                await used(connections, connect, place="b")
            await stack.aclose()
            assert await used(connections, connect, place="b")


async def test_a_connection_in_use_never_gives_way_and_who_needs_one_more_is_told_why(
    few, connections, connect
):
    async with connections.hold(ONE, "a", connect) as first, connections.hold(ONE, "b", connect) as second:
        with pytest.raises(AllInUse, match="a workspace may have 2, and this server 3"):
            await used(connections, connect, place="c")
        assert [first.closed, second.closed] == [False, False]
        assert await used(connections, connect, place="a") is first
        assert await used(connections, connect, OTHER, "c")  # there is always one left for another workspace
    assert await used(connections, connect, place="c")


async def test_who_waits_gets_a_connection_as_soon_as_one_is_free(few, connections, connect, monkeypatch):
    monkeypatch.setattr(module, "WAIT_S", 10.0)
    async with connections.hold(ONE, "a", connect), AsyncExitStack() as stack:
        await stack.enter_async_context(connections.hold(ONE, "b", connect))
        waiting = [asyncio.create_task(used(connections, connect, place=place)) for place in ("c", "d", "c")]
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        waiting.pop(0).cancel()  # one that is given up keeps no other from its turn
        await stack.aclose()
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)


@pytest.mark.parametrize("at_the_moment", [False, True], ids=["before it is open", "as it is open"])
async def test_one_that_nobody_wants_any_more_when_it_is_open_gives_way_at_once(
    few, connections, connect, monkeypatch, at_the_moment
):
    monkeypatch.setattr(module, "WAIT_S", 10.0)
    may_open = asyncio.Event()

    async def slowly():
        await may_open.wait()
        return await connect()

    async with connections.hold(ONE, "a", connect):
        given_up = asyncio.create_task(used(connections, slowly, place="b"))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(used(connections, connect, place="c"))
        for _ in range(5):
            await asyncio.sleep(0)
        if at_the_moment:
            (opening,) = connections._opening.values()
            opening.add_done_callback(lambda _: given_up.cancel())
        else:
            given_up.cancel()
        may_open.set()
        async with asyncio.timeout(2):
            assert await waiting
        assert given_up.cancelled()


async def test_where_opening_fails_its_place_is_free_again(few, connections, connect):
    async def fail():
        raise OSError("away")

    for _ in range(5):
        with pytest.raises(OSError, match="away"):
            await used(connections, fail, place="c")
    assert await used(connections, connect)


async def test_a_workspace_with_most_of_what_nobody_uses_gives_way_to_one_that_has_none(
    few, connections, connect
):
    first, second = [await used(connections, connect, place=place) for place in ("a", "b")]
    other = await used(connections, connect, OTHER)
    assert await used(connections, connect, b"third")
    await until_closed(first)
    assert [one.closed for one in (second, other)] == [False, False]


async def test_what_nobody_has_used_for_a_while_is_closed(connections, connect, clock, may_close):
    may_close.set()
    first, second = [await used(connections, connect, place=place) for place in ("a", "b")]
    async with connections.hold(ONE, "c", connect) as third:
        clock.at += IDLE_S / 2
        assert await used(connections, connect, place="b") is second
        clock.at += IDLE_S / 2
        connections.close_idle()
        await until_closed(first)
        assert (second.closed, third.closed) == (False, False)


async def test_nothing_is_kept_of_a_connection_that_is_closed(connections, connect, clock, may_close):
    """A server that runs for years opens and closes very many."""
    may_close.set()
    for round_ in range(5):
        first = await used(connections, connect, place=round_)
        clock.at += IDLE_S
        connections.close_idle()
        await until_closed(first)
        await asyncio.sleep(0)
    kept = (connections._open, connections._ending, connections._opening, connections._leaving)
    assert [len(each) for each in kept] == [0] * 4
    assert [len(each) for each in (connections._waiting, connections._wanting)] == [0, 0]


async def test_connections_are_closed_in_time_though_nobody_comes(
    monkeypatch, connections, connect, clock, may_close
):
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    may_close.set()
    first = await used(connections, connect)
    clock.at += 1
    await until_closed(first)


async def test_closing_ends_what_is_idle_used_leaving_or_being_opened(connections, connect, made, may_close):
    may_close.set()

    async def never():
        await asyncio.Event().wait()

    await used(connections, connect, place="idle")
    async with connections.hold(ONE, "left", connect) as leaving:
        leaving.usable = False
        await used(connections, connect, place="left")
        async with connections.hold(ONE, "used", connect):
            opening = asyncio.create_task(used(connections, never, place="new"))
            for _ in range(3):
                await asyncio.sleep(0)
            async with asyncio.timeout(10):
                await connections.close()
            assert [connection.closed for connection in made] == [True] * 4
            await asyncio.wait({opening}, timeout=10)
            assert str(opening.exception()) == "the connection broke"
            assert connections._timer.cancelled()


async def test_a_connection_that_cannot_be_closed_is_told_in_the_log_and_keeps_nobody(connect):
    async def fail(connection):
        connection.closed = True
        raise OSError("says no goodbye")

    connections = Connections(lambda connection: True, fail)
    first, second = [await used(connections, connect, place=place) for place in ("a", "b")]
    with capture_logs() as lines:
        await connections.close()
    assert (first.closed, second.closed) == (True, True)
    told = {"event": "engine_connection_not_closed", "error": "OSError: says no goodbye"}
    assert lines == [{"log_level": "info", **told}] * 2


async def test_a_connection_that_does_not_end_is_given_up(connect, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_S", 0.01)

    async def hang(connection):
        await asyncio.Event().wait()

    connections = Connections(lambda connection: connection.usable, hang)
    (await used(connections, connect, place="a")).usable = False
    with capture_logs() as lines:
        await used(connections, connect, place="a")
        async with asyncio.timeout(5):
            await connections.close()
    told = {"event": "engine_connection_not_closed", "error": "TimeoutError"}
    assert lines == [{"log_level": "info", **told}] * 2


async def test_an_answer_at_which_whoever_hears_it_breaks_down_is_told_in_the_log_and_the_next_is_heard():
    heard = []

    def hear(question, answer):
        if answer.subject.endswith("1"):
            raise ZeroDivisionError
        heard.append(answer.subject)

    link = Link(SimpleNamespace(is_connected=True))
    asked = SimpleNamespace(left=3, hear=hear, all=asyncio.get_running_loop().create_future())
    link._waiting = dict.fromkeys("012", (asked, "a question"))
    with capture_logs() as lines:
        for number in "012":
            link._answered(SimpleNamespace(subject=f"inbox.{number}"))
    assert (heard, asked.all.done()) == (["inbox.0", "inbox.2"], True)
    assert lines == [{"log_level": "error", "event": "engine_answer_not_heard", "exc_info": True}]


@pytest.mark.parametrize("where", ["connecting", "asking"])
async def test_what_a_client_library_breaks_down_at_is_told_in_plain_words_and_to_the_operator(
    connections, where
):
    async def connect():
        if where == "connecting":
            raise KeyError("capabilities")
        return Connection()

    with (
        capture_logs() as lines,
        pytest.raises(NotUnderstood, match="what it answers cannot be understood"),
    ):
        async with connections.hold(bytes(16), "place", connect):
            raise KeyError("capabilities")
    (line,) = lines
    assert line.pop("places").splitlines()[-1] == "KeyError"
    assert line == {
        "log_level": "warning",
        "event": "engine_not_understood",
        "workspace": prefixed("ws", bytes(16)),
    }


async def test_a_fault_of_our_own_is_not_told_as_that_of_a_server(connections):
    def connect():
        return no_bytes  # awaited as it is: our own code breaks down at that

    no_bytes = object()
    with capture_logs() as lines, pytest.raises(TypeError):
        async with connections.hold(ONE, "place", connect):
            pass
    assert lines == []


async def test_a_library_that_says_that_it_was_cancelled_has_lost_its_connection(connections):
    async def connect():
        return Connection()

    with pytest.raises(OSError, match="the connection broke"):
        async with connections.hold(ONE, "place", connect):
            raise asyncio.CancelledError


async def test_whoever_waits_for_a_server_can_be_cancelled(connections):
    async def connect():
        return Connection()

    async def ask():
        async with connections.hold(ONE, "place", connect):
            await asyncio.Event().wait()

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_one_that_cannot_be_used_any_more_is_closed_as_soon_as_nobody_uses_it(
    connections, connect, may_close
):
    may_close.set()
    async with connections.hold(ONE, "here", connect) as found:
        found.usable = False
    await asyncio.gather(*connections._ending)
    assert found.closed
