"""Engines that begin well and then say what their client libraries do not expect: each run says in plain words what was
wrong, nothing of ours is left, and the next run to a good engine is taken. The engines are emulated; only the client
libraries are real."""

from __future__ import annotations

import asyncio
import gc
import logging
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.engines import kafka, nats_link, rabbitmq, redis_servers, temporal
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.engines.speaking import CLOSE, ENGINES, HALF, Change, Speaking, Step, unchanged
from tests.engines.test_hostile import ENGINES as TARGETS
from tests.engines.test_hostile import PLAIN, outcome_at
from tests.executors.calls import stored_call
from tests.support.turns import longest_hold

# How long a new connection may take (ms) where something that is waited for does not come. A run waits for longer.
SOON_MS = 500
# So many are tried at the same time.
AT_ONCE = 48
SAID = (*PLAIN, "what answered on the subject jobs.x is no stream")
NUMBERS = {"none": bytes(4), "the least": b"\xff" * 4, "the most": b"\x7f" + b"\xff" * 3}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rabbitmq, kafka, redis_servers):
        monkeypatch.setattr(module, "_CONNECT_S", SOON_MS / 1000)
    monkeypatch.setattr(nats_link, "CONNECT_S", SOON_MS / 1000)
    monkeypatch.setattr(kafka, "_REQUEST_MS", SOON_MS)


def becomes(which: int, *steps: Step) -> Change:
    """One frame becomes these."""
    return lambda number, frame: steps if number == which else (frame,)


def cut(frames: list[bytes]) -> Iterator[tuple[str, Change]]:
    for which, frame in enumerate(frames):
        for size in range(0, len(frame), 3):
            yield f"frame {which} ends at {size}", becomes(which, frame[:size], CLOSE)


def other_numbers(frames: list[bytes]) -> Iterator[tuple[str, Change]]:
    for which, frame in enumerate(frames):
        for at in range(0, len(frame) - 3, 5):
            for name, number in NUMBERS.items():
                changed = frame[:at] + number + frame[at + 4 :]
                yield f"frame {which} has {name} at {at}", becomes(which, changed)


def other_frames(frames: list[bytes]) -> Iterator[tuple[str, Change]]:
    for which, frame in enumerate(frames):
        yield f"frame {which} is left out", becomes(which)
        yield f"frame {which} comes ten times", becomes(which, frame * 10)
        yield f"nothing comes behind frame {which}", becomes(which, frame, HALF)
        for other, instead in enumerate(frames):
            if instead != frame:
                yield f"frame {other} in place of {which}", becomes(which, instead)
                yield f"frame {other} before {which}", becomes(which, instead, frame)


WAYS = (cut, other_numbers, other_frames)


async def frames_of(engine: str) -> list[bytes]:
    """What a good engine has to say to one run."""
    module, place = TARGETS[engine]
    speaking = Speaking(ENGINES[engine])
    async with serving(speaking.answer) as port:
        outcome = await outcome_at(module, place(port), 5_000)
    assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    return speaking.frames


async def two_runs(engine: str, change: Change) -> tuple[Outcome, Outcome]:
    """What comes of a run at an engine whose frames are changed, and of the next one, when it speaks well again."""
    module, place = TARGETS[engine]
    speaking = Speaking(ENGINES[engine])
    speaking.change = change
    executor = module.make(ExecutorOptions(engine_hosts=("localhost",)))
    async with asyncio.timeout(30), serving(speaking.answer) as port:
        try:
            first = await executor.execute(stored_call(executor, place(port), timeout_ms=3 * SOON_MS))
            speaking.change = unchanged
            if first.verdict is not Verdict.FAILED:
                await asyncio.sleep(0.01)  # what else it says has come
            second = await executor.execute(stored_call(executor, place(port), timeout_ms=10_000))
            if second.error is not None and "the connection broke" in second.error:  # the first run's
                second = await executor.execute(stored_call(executor, place(port), timeout_ms=10_000))
        finally:
            await executor.close()
        await speaking.closed.wait()
    return first, second


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", ENGINES)
async def test_whatever_an_engine_says_once_it_has_begun_each_run_ends_and_leaves_nothing(
    engine: str,
    way: Callable[[list[bytes]], Iterator[tuple[str, Change]]],
    soon: None,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    changes = list(way(await frames_of(engine)))
    places = asyncio.Semaphore(AT_ONCE)

    async def tried(name: str, change: Change) -> tuple[str, Outcome, Outcome]:
        async with places:
            return name, *await two_runs(engine, change)

    found = await asyncio.gather(*(tried(*each) for each in changes))
    failed = {name: first.error or "" for name, first, _ in found if first.verdict is Verdict.FAILED}
    assert len(failed) > len(changes) / 10
    assert {name: error for name, error in failed.items() if not error.startswith(SAID)} == {}
    assert {name: second.error for name, _, second in found if second.error is not None} == {}
    gc.collect()
    await asyncio.sleep(0)
    assert unheard == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert "executor_failed" not in capsys.readouterr().out


@pytest.mark.parametrize("said", [b"", b"\x0ccapabilitiesF\0\0\0\0", b"\x0ccapabilitiesV"])
async def test_a_rabbitmq_that_does_not_say_that_it_confirms_messages_gets_none(said: bytes) -> None:
    module, place = TARGETS["rabbitmq"]
    speaking = Speaking(ENGINES["rabbitmq"])
    about = struct.pack(">HHBBI", 10, 10, 0, 9, len(said)) + said + b"\0\0\0\x05PLAIN\0\0\0\x05en_US"
    speaking.change = becomes(0, struct.pack(">BHL", 1, 0, len(about)) + about + b"\xce")
    async with serving(speaking.answer) as port:
        outcome = await outcome_at(module, place(port))
    words = "the broker does not say that it confirms messages (publisher_confirms)"
    assert (outcome.error, outcome.unreached) == (f"the engine refused the run: {words}", False)


@pytest.mark.parametrize("most", [1, 9, 4_095])
async def test_a_rabbitmq_cannot_have_a_message_cut_into_pieces_of_a_byte(most: int) -> None:
    from pamqp import commands, frame

    module, place = TARGETS["rabbitmq"]
    speaking = Speaking(ENGINES["rabbitmq"])
    speaking.change = becomes(1, frame.marshal(commands.Connection.Tune(2047, most, 10), 0))
    outcomes: list[Outcome] = []

    async def giving() -> None:
        outcomes.append(await outcome_at(module, place(port), 5_000, input="x" * 500_000))

    async with serving(speaking.answer) as port:
        held = await longest_hold(giving())
    words = "the broker takes only frames of less than 4096 bytes"
    assert (outcomes[0].error, outcomes[0].unreached) == (f"the engine refused the run: {words}", False)
    assert held < 0.1, f"{held:.3f} s"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_kafka_cannot_have_more_steps_made_for_a_password_than_are_usual(mechanism: str) -> None:
    module, place = TARGETS["kafka"]

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def heard() -> bytes:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            return await reader.readexactly(size)

        def say(content: bytes) -> None:
            writer.write(struct.pack(">i", len(content)) + content)

        known = struct.pack(">hi", 0, 2) + struct.pack(">hhhhhh", 18, 0, 0, 17, 0, 0)
        mechanisms = struct.pack(">hih", 0, 1, len(mechanism)) + mechanism.encode()
        for content in (known, mechanisms):
            say((await heard())[4:8] + content)
        nonce = (await heard()).rpartition(b"r=")[2]
        say(b"r=%bmore,s=QSXCR+Q6sek8bf92,i=2147483647" % nonce)
        await reader.read()

    user = {"user": "horarium", "password": "a-password", "mechanism": mechanism}
    async with serving(broker) as port:
        outcome = await outcome_at(module, place(port) | user, 5_000)
    words = "the cluster asks for more than 1000000 steps of SCRAM for a password"
    assert (outcome.error, outcome.unreached) == (f"the engine refused the run: {words}", False)


@pytest.mark.parametrize("begins", [b"", b"\0\0\0\x04\0\0\0\0\0"], ids=["at once", "after its settings"])
async def test_a_temporal_that_takes_a_connection_and_falls_silent_is_not_waited_for_by_the_next_run(
    begins: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that come meanwhile wait for the same attempt to connect."""
    module, place = TARGETS["temporal"]
    monkeypatch.setattr(temporal, "_CONNECT_S", SOON_MS / 1000)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        await reader.read()

    async with serving(silent) as port:
        outcome = await outcome_at(module, place(port), 10_000)
    assert (outcome.error, outcome.unreached) == ("the engine could not be reached: no answer", True)


async def test_nats_servers_that_say_very_much_at_once_let_others_have_their_turn() -> None:
    """Each of several connections is read in pieces, and in one round of the loop only one piece of them all."""
    client = nats_link._client_class()(False)
    client.unasked.asked(60 * 7_000)
    parsers = [type(client._ps)(client) for _ in range(60)]

    async def parsing() -> None:
        await asyncio.gather(*(parser.parse(b"INFO {}\r\n" * 7_000) for parser in parsers))

    held = await longest_hold(parsing())
    assert held < 0.1, f"{held:.3f} s"
