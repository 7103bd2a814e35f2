"""Traces: what a trace of a run tells, and that no run is traced unless the operator asks for it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from horarium.app import parts
from horarium.domain.errors import Unavailable
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import derived_id, prefixed
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.executors.http import HttpExecutor
from horarium.executors.options import ExecutorOptions
from horarium.settings import Settings
from horarium.store.verbs import runs
from tests.executors.calls import stored_call
from tests.support.workshop import NOON, Workshop

pytest.importorskip("opentelemetry.sdk", reason="make setup installs it")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from horarium.worker import tracing as tracing_module
from horarium.worker.tracing import Tracing

SECOND = 1_000


@dataclass(slots=True)
class Traced:
    """A workshop whose runs are traced, and what was traced."""

    shop: Workshop
    exporter: InMemorySpanExporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def times(self) -> list[tuple[str, int, int]]:
        """The spans by name, with their milliseconds since NOON."""
        return [(span.name, since_noon(span.start_time), since_noon(span.end_time)) for span in self.spans]

    def one(self, name: str) -> ReadableSpan:
        (found,) = (span for span in self.spans if span.name == name)
        return found


def since_noon(time_ns: int | None) -> int:
    assert time_ns is not None
    return time_ns // 1_000_000 - NOON


@pytest.fixture
async def traced() -> AsyncIterator[Traced]:
    exporter = InMemorySpanExporter()
    shop = await Workshop.open()
    tracing = Tracing(SimpleSpanProcessor(exporter), 1.0, shop.node)
    shop.worker._tracing = shop.worker._attempts._tracing = tracing
    yield Traced(shop, exporter)
    await shop.close()


def takes(shop: Workshop, milliseconds: int, outcome: Outcome) -> Any:
    """An executor that needs so long."""

    def answer(call: Call) -> Outcome:
        shop.clock.now += milliseconds
        return outcome

    return answer


async def test_an_attempt_that_is_broken_off_is_traced_as_one_that_has_not_failed(traced: Traced) -> None:
    shop = traced.shop
    held = asyncio.Event()

    async def answer(call: Call) -> Outcome:
        await held.wait()
        raise AssertionError("it is cancelled")

    shop.executor.answer = answer
    await shop.schedule("* * * * *", Policies(max_fires=1))
    await shop.tick(NOON + 60 * SECOND)
    (run,) = shop.worker._holding
    await shop.store.write(runs.cancel_run, shop.workspace, run, shop.clock.now)
    shop.worker.look_again()
    await shop.settle()
    attempt = traced.one("attempt")
    assert attempt.status.is_unset
    assert attempt.attributes["horarium.outcome"] == "cancelled"


async def test_a_trace_tells_the_way_of_a_slot_to_its_outcome(traced: Traced) -> None:
    shop = traced.shop
    await shop.schedule("@every 1m")
    shop.executor.answer = takes(shop, 70, Outcome(Verdict.SUCCEEDED, status=200))
    shop.clock.now = NOON + 60 * SECOND + 15
    await shop.release()
    shop.clock.now += 5  # what is in hand waits for a place
    await shop.settle()
    assert traced.times() == [
        ("release", 60_000, 60_015),
        ("claim", 60_015, 60_015),
        ("wait", 60_015, 60_020),
        ("attempt", 60_020, 60_090),
        ("record", 60_090, 60_090),
        ("run", 60_000, 60_090),
    ]
    (call,) = shop.executor.calls
    run, attempt = traced.one("run"), traced.one("attempt")
    assert {span.context.trace_id for span in traced.spans} == {int.from_bytes(call.run_id, "big")}
    assert run.parent is None
    assert {(span.parent.span_id, span.parent.is_remote) for span in traced.spans if span is not run} == {
        (run.context.span_id, False)
    }
    assert call.traceparent == f"00-{call.run_id.hex()}-{attempt.context.span_id:016x}-01"
    assert dict(run.attributes) == {
        "horarium.run": prefixed("run", call.run_id),
        "horarium.workspace": prefixed("ws", shop.workspace),
        "horarium.target": prefixed("tgt", shop.target),
        "horarium.schedule": prefixed("sch", call.schedule_id),
        "horarium.fire": prefixed("fire", call.fire_id),
        "horarium.mode": "clock",
        "horarium.state": "succeeded",
        "horarium.attempts": 1,
    }
    assert dict(attempt.attributes) == {
        "horarium.attempt": 1,
        "horarium.outcome": "succeeded",
        "http.response.status_code": 200,
    }
    assert run.resource.attributes["service.name"] == "horarium"


async def test_all_attempts_of_a_run_are_in_one_trace_and_only_the_last_ends_it(traced: Traced) -> None:
    shop = traced.shop
    await shop.schedule("0 13 * * *", Policies(retry=Retry(max_attempts=2)))
    shop.executor.answer = Outcome(Verdict.FAILED, error="secret words of the target", status=500)
    await shop.tick(NOON + 3_600 * SECOND)
    assert [span.name for span in traced.spans] == ["release", "claim", "wait", "attempt", "record"]
    shop.executor.answer = Outcome(Verdict.SUCCEEDED)
    await shop.tick(NOON + 3_700 * SECOND)
    assert [span.name for span in traced.spans][5:] == ["claim", "wait", "attempt", "record", "run"]
    first, second = shop.executor.calls
    assert len({span.context.trace_id for span in traced.spans}) == 1
    assert first.traceparent != second.traceparent
    failed, succeeded = (span for span in traced.spans if span.name == "attempt")
    assert (failed.status.is_ok, failed.attributes["horarium.outcome"]) == (False, "server_error")
    assert succeeded.status.is_ok
    assert len({span.context.span_id for span in traced.spans}) == 10
    assert "secret words" not in "".join(span.to_json() for span in traced.spans)


async def test_a_run_that_was_not_sent_is_a_failed_run_without_attempt(traced: Traced) -> None:
    shop = traced.shop
    await shop.schedule("@every 1m")
    shop.store.connection.execute("UPDATE targets SET state = 'disabled', version = 2")
    shop.clock.now = NOON + 60 * SECOND
    await shop.release()
    shop.clock.now += 5
    await shop.settle()
    assert shop.executor.calls == []
    assert traced.times() == [
        ("release", 60_000, 60_000),
        ("claim", 60_000, 60_000),
        ("wait", 60_000, 60_005),
        ("record", 60_005, 60_005),
        ("run", 60_000, 60_005),
    ]
    assert not traced.one("run").status.is_ok
    assert traced.one("run").attributes["horarium.state"] == "failed"


def test_a_span_does_not_end_before_it_begins_though_the_clock_was_set_back() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(SimpleSpanProcessor(exporter), 1.0, derived_id(NOON, b"node"))
    for end_ms in (NOON - SECOND, NOON, NOON + SECOND):
        tracing._span(derived_id(NOON, b"run"), "wait", (1, 1), NOON, end_ms)
    assert [since_noon(span.end_time) for span in exporter.get_finished_spans()] == [0, 0, SECOND]


def test_a_collector_that_is_away_does_not_keep_the_server_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tracing_module.CLOSE_S == 3.0
    monkeypatch.setattr(tracing_module, "CLOSE_S", 0.01)
    may_end, asked, gone = threading.Event(), threading.Event(), list[bool]()

    class Away(SimpleSpanProcessor):
        def shutdown(self) -> None:
            asked.set()
            gone.append(may_end.wait(5))

    Tracing(Away(InMemorySpanExporter()), 1.0, derived_id(NOON, b"node")).close()
    assert asked.wait(5)
    assert gone == []  # it still waits
    may_end.set()


def test_a_share_of_the_runs_is_sampled_alike_on_all_nodes() -> None:
    runs = [derived_id(NOON, b"%d" % number) for number in range(4_000)]
    nodes = [
        Tracing(SimpleSpanProcessor(InMemorySpanExporter()), 0.25, derived_id(NOON, b"node%d" % number))
        for number in range(2)
    ]
    sampled, again = ({run for run in runs if node.traceparent(run, 1, 1) is not None} for node in nodes)
    assert sampled == again
    assert 900 < len(sampled) < 1_100
    # All attempts of a run are sampled or none is.
    assert all(nodes[0].traceparent(run, 3, 2) is not None for run in sampled)


@pytest.mark.parametrize(
    ("configured", "sent"), [({}, "00-1-2-01"), ({"Traceparent": "00-own-own-00"}, "00-own-own-00")]
)
async def test_the_target_is_told_where_it_goes_on_with_the_trace(
    configured: dict[str, str], sent: str
) -> None:
    executor = HttpExecutor(ExecutorOptions())
    config = {"url": "https://example.com/", "headers": configured}
    call = stored_call(executor, config, traceparent="00-1-2-01")
    for traceparent, expected in (("00-1-2-01", [sent]), (None, [*configured.values()])):
        changed = replace(call, traceparent=traceparent)
        _, headers, _ = executor._request(executor._compiled.of(changed), changed)
        assert [value for name, value in headers.items() if name.lower() == "traceparent"] == expected
    await executor.close()


async def test_no_run_is_traced_unless_the_settings_ask_for_it() -> None:
    server: Any = SimpleNamespace(settings=Settings(), id=derived_id(NOON, b"node"))
    assert parts.make_tracing(server) is None
    shop = await Workshop.open()
    await shop.schedule("@every 1m")
    await shop.tick(NOON + 60 * SECOND)
    assert [call.traceparent for call in shop.executor.calls] == [None]
    await shop.close()


def test_a_server_that_shall_trace_without_the_packages_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "horarium.worker.tracing", None)
    server: Any = SimpleNamespace(settings=Settings(trace_share=0.1), id=derived_id(NOON, b"node"))
    with pytest.raises(Unavailable, match=r"pip install 'horarium\[otel\]'"):
        parts.make_tracing(server)


@pytest.mark.parametrize(("length", "closed"), [(100, False), (10**9, True)])
def test_no_more_of_a_collectors_answer_is_kept_than_it_may_have(
    monkeypatch: pytest.MonkeyPatch, length: int, closed: bool
) -> None:
    asked, done = list[int](), list[str]()

    def read(size: int) -> bytes:
        asked.append(size)
        return bytes(min(size, length))

    def request(session: Any, *given: Any, **named: Any) -> Any:
        assert named["stream"]  # or the library itself would read all of it
        return SimpleNamespace(raw=SimpleNamespace(read=read), close=lambda: done.append("close"))

    monkeypatch.setattr(tracing_module.requests.Session, "request", request)
    tracing_module._Session().request("POST", "http://collector/v1/traces")
    assert asked == [tracing_module.MOST_READ]
    assert bool(done) is closed
