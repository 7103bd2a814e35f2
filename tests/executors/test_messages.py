"""What becomes of a run on its way to an engine: its message, and the outcome of giving it away. Nothing is sent."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from itertools import pairwise
from typing import Any

import orjson
import pytest

from horarium.domain.execution import Outcome, TimeIsUp, Verdict
from horarium.domain.ids import prefixed
from horarium.executors.egress import AddressRefused
from horarium.executors.engines.bounds import BoundedReader, TooLong
from horarium.executors.engines.message import make
from horarium.executors.engines.messages import (
    BROKE,
    NO_HANDSHAKE,
    CompiledArguments,
    EngineRefused,
    check_arguments,
    check_choice,
    check_flag,
    check_text,
    check_whole,
    handed_over,
    not_taken,
    reason_of,
    reported,
    taken,
)
from horarium.executors.limits import OutOfTime
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import NOW_MS, RUN_ID, call_of

RUN = prefixed("run", RUN_ID)
CALL = call_of({}, {"secrets.WORD": "sesame-1"}, timeout_ms=1_500)


@pytest.mark.parametrize(
    ("error", "words", "retryable", "unreached"),
    [
        (OutOfTime(), TimeIsUp.ENGINE.after(1_500), True, True),
        (TimeoutError(), TimeIsUp.ENGINE.after(1_500), True, True),
        (
            ImportError("no module"),
            "this server lacks the client library of the engine: pip install 'horarium[kafka]'",
            False,
            False,
        ),
        (AddressRefused("refused"), "the engine could not be reached: refused", False, False),
        (EngineRefused("sesame-1 is wrong"), "the engine refused the run: *** is wrong", True, False),
        (OSError("away"), "the engine could not be reached: away", True, True),
    ],
)
async def test_what_keeps_a_run_from_its_engine_says_so_and_whether_the_engine_was_reached(
    error: Exception, words: str, retryable: bool, unreached: bool
) -> None:
    async def give() -> Outcome:
        raise error

    expected = Outcome(Verdict.FAILED, error=words, retryable=retryable, unreached=unreached)
    assert not_taken(CALL, error, "kafka") == await handed_over(CALL, give, "kafka") == expected


async def test_a_run_is_given_away_within_its_own_time() -> None:
    async def never() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = await handed_over(call_of({}, timeout_ms=10), never, "kafka")
    assert (outcome.error, outcome.unreached) == ("the engine did not take the run within 0.01 s", True)


@pytest.mark.parametrize(
    ("changes", "verdict", "handle"),
    [
        ({}, Verdict.SUCCEEDED, None),
        ({"callback_token": "t"}, Verdict.ACCEPTED, None),
        ({"watched": True}, Verdict.ACCEPTED, "job-1"),
        ({"watched": True, "callback_token": "t"}, Verdict.ACCEPTED, "job-1"),
    ],
)
def test_a_run_that_an_engine_has_is_over_unless_somebody_tells_its_end(
    changes: dict[str, Any], verdict: Verdict, handle: str | None
) -> None:
    assert taken(call_of({}, **changes), {"id": 1}, "job-1") == Outcome(
        verdict, output={"id": 1}, handle=handle
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"state": "succeeded", "output": ["sesame-1"]}, Outcome(Verdict.SUCCEEDED, output=["***"])),
        ({"state": "succeeded"}, Outcome(Verdict.SUCCEEDED)),
        ({"state": "failed", "error": "no sesame-1"}, Outcome(Verdict.FAILED, None, "no ***")),
        ({"state": "failed", "output": 3}, Outcome(Verdict.FAILED, 3, "failed there")),
        (
            {"state": "done"},
            Outcome(
                Verdict.FAILED,
                {"state": "done"},
                'its report has no "state" that is "succeeded" or "failed"',
            ),
        ),
        (
            "sesame-1",
            Outcome(Verdict.FAILED, "***", 'its report has no "state" that is "succeeded" or "failed"'),
        ),
    ],
)
def test_what_the_other_side_reports_ends_the_run_without_secrets(answer: Any, outcome: Outcome) -> None:
    assert reported(answer, CALL.secrets, 1_000) == outcome


def caused_by(*chain: Exception) -> Exception:
    for error, cause in pairwise(chain):
        error.__cause__ = cause
    return chain[0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNREFUSED, "127.0.0.1 said no"), "connection refused"),
        (caused_by(ValueError("10.0.0.1"), OSError(errno.EHOSTUNREACH, "x")), "no route to host"),
        (socket.gaierror(socket.EAI_NONAME, "db.internal"), "its name could not be looked up"),
        (caused_by(ConnectionError("x"), TimeoutError()), "no answer"),
        (caused_by(ConnectionError("x"), ssl.SSLError(1, "bad certificate")), NO_HANDSHAKE),
        (
            caused_by(ConnectionError("x"), TooLong(64 * 1024)),
            "its answer is longer than 64 KB, or it is no such engine",
        ),
        (TooLong(), "its answer is longer than 32 MB, or it is no such engine"),
        (ValueError("of a library"), BROKE),
        (OSError("without a number"), BROKE),
    ],
)
def test_why_an_engine_could_not_be_reached_is_told_without_addresses(error: Exception, words: str) -> None:
    assert reason_of(error) == words


@pytest.mark.parametrize(("length", "read"), [(0, True), (8, True), (9, False), (-1, False)])
async def test_no_more_is_waited_for_than_a_bound_whatever_a_server_announces(
    length: int, read: bool
) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"x" * 20)
    bounded = BoundedReader(reader, 8)
    if read:
        assert await bounded.readexactly(length) == b"x" * length
        assert not bounded.at_eof()
    else:
        with pytest.raises(TooLong):
            await bounded.readexactly(length)


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_message_says_whose_run_it_is_and_is_an_event_of_its_schedule_or_target(
    by_hand: bool,
) -> None:
    executor = make(ExecutorOptions(public_url="https://horarium.example/"))
    changes = {"schedule_id": None, "schedule_name": None, "slot_ms": None} if by_hand else {}
    call = call_of({}, traceparent="00-1", **changes)
    message = executor._message(call, {"a": 1})
    await executor.close()
    place = (
        f"targets/{prefixed('tgt', call.target_id)}"
        if call.schedule_id is None
        else (f"schedules/{prefixed('sch', call.schedule_id)}")
    )
    assert (message.run, orjson.loads(message.body)) == (RUN, {"a": 1})
    assert (message.headers["Horarium-Run"], message.headers["traceparent"]) == (RUN, "00-1")
    assert message.event == {
        "specversion": "1.0",
        "type": "horarium.run",
        "id": RUN,
        "source": f"https://horarium.example/horarium/v1/{place}",
        "time": "2026-03-08T13:00:00.250Z" if by_hand else "2026-03-08T13:00:00Z",
        "subject": "Report" if by_hand else "Nightly",
    }
    assert call.now_ms == NOW_MS + 250


@pytest.mark.parametrize(
    ("config", "args", "kwargs"),
    [
        ({"args": ["{{ input.team }}", 2]}, ["blue", 2], {}),
        ({"kwargs": {"team": "{{ input.team }}"}}, [], {"team": "blue"}),
        ({"args": [], "kwargs": {}}, [], {}),
    ],
)
def test_a_function_is_called_with_the_arguments_that_are_given(
    config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
) -> None:
    assert check_arguments(config) == []
    assert CompiledArguments(config, {}).of(call_of(config), None) == (args, kwargs)
    ((context,), nothing) = CompiledArguments({}, {}).of(call_of({}), None)
    assert (context["run"]["id"], nothing) == (RUN, {})


@pytest.mark.parametrize(
    ("check", "within", "beyond"),
    [
        (lambda given: check_text(given, "f", longest=3), ["abc", None], ["abcd", "", " ", 5]),
        (lambda given: check_text(given, "f", required=True), ["a" * 500], [None, "a" * 501]),
        (lambda given: check_flag(given, "f"), [True, False], [None, 1, "true"]),
        (lambda given: check_whole(given, "f", 1, 10), [1, 10, None], [0, 11, True, 1.0, "1"]),
        (lambda given: check_choice(given, "f", ("a", "b")), ["a", None], ["c", "A"]),
        (lambda given: check_arguments({"args": given["f"]}), [[]], [{}, None, ["{{ no }}"]]),
        (lambda given: check_arguments({"kwargs": given["f"]}), [{}], [[], None, {"a": "{{ no }}"}]),
    ],
)
def test_a_field_is_taken_up_to_its_limits(check: Any, within: list[Any], beyond: list[Any]) -> None:
    assert [check({"f": value}) for value in within] == [[]] * len(within)
    assert [len(check({"f": value})) for value in beyond] == [1] * len(beyond)
