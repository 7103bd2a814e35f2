"""Traces for OpenTelemetry: how a slot became a delivery, from its due instant to the record of what came of it.

The id of a trace is the id of the run. So all nodes that work on a run add to the same trace, and nothing is stored for
it. Spans are made after the outcome has been recorded, of instants that the worker knows by then. Only the id of the
attempt's span has to be known before: the target is told it in the header `traceparent`, so that it can go on with the
trace. A span names things by their ids, and holds nothing that a tenant has written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, cast

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from horarium import __version__
from horarium.domain.execution import Verdict
from horarium.domain.ids import Id, prefixed
from horarium.domain.run import RunState
from horarium.store.verbs.dispatch import Ended
from horarium.worker.figures import CANCELLED
from horarium.worker.lanes import failure_class
from horarium.worker.work import Work

# How long a server that stops waits for the spans that it has not sent yet.
CLOSE_S = 3.0
# How much of a collector's answer is read (bytes): its connection is used again where that is all.
MOST_READ = 64 * 1024
_NS = 1_000_000
_ROOT = b"run"


class _Session(requests.Session):
    """Keeps nothing of what the collector answers but its status and headers: the body might be without end."""

    def request(self, *given: Any, **named: Any) -> requests.Response:
        answer = super().request(*given, **{**named, "stream": True})
        if len(answer.raw.read(MOST_READ)) >= MOST_READ:
            answer.close()
        return answer


def to_collector() -> SpanProcessor:
    """Sends spans in batches by OTLP over HTTP, to where the variables of OpenTelemetry say."""
    return BatchSpanProcessor(OTLPSpanExporter(session=_Session()))


def resource_of(node: Id) -> Resource:
    """What spans say of the process that makes them."""
    own = {
        "service.name": "horarium",
        "service.version": __version__,
        "service.instance.id": prefixed("node", node),
    }
    given = OTELResourceDetector().detect()  # what the operator says of this service comes first
    return Resource.create({**own, **given.attributes})


class _Ids:
    """Gives the next span the id that it is to have. All spans are made by the event loop, one after another."""

    trace = 0
    span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


class Tracing:
    """Makes the spans of a share of all runs (0 to 1) and gives them to `processor`. `node` is this process."""

    def __init__(self, processor: SpanProcessor, share: float, node: Id) -> None:
        self._ids = _Ids()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is not sampled makes no span at all
            resource=resource_of(node),
            shutdown_on_exit=False,
            id_generator=cast(Any, self._ids),
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("horarium", __version__)
        self._below = share * 2**64

    def traceparent(self, run: Id, epoch: int, attempt: int) -> str | None:
        """What the target of an attempt is told of its trace; None where the run is not sampled.

        Whether a run is sampled follows from its id, so that all attempts are or none is.
        """
        if not self._samples(run):
            return None
        return f"00-{run.hex()}-{_span_id(run, b'attempt', epoch, attempt):016x}-01"

    def recorded(self, work: Work, ended: Ended, now_ms: int) -> None:
        """Make the spans of an attempt whose outcome was recorded by `now_ms`, or of a run that was never sent; and
        the span of the run when it is over here."""
        run, epoch, attempt = work.run, work.epoch, work.attempt
        if not self._samples(run.id):
            return
        sent = work.started_ms > 0
        begun = work.started_ms if sent else ended.finished_ms
        steps = [("claim", run.ready_ms, work.taken_ms), ("wait", work.taken_ms, begun)]
        if run.attempts == 0:
            steps.insert(0, ("release", run.due_ms, run.ready_ms))
        for name, start, end in steps:
            self._span(run.id, name, (epoch, attempt), start, end)
        if sent:
            facts: dict[str, Any] = {"horarium.attempt": attempt, "horarium.outcome": _outcome_of(work)}
            if ended.status is not None:
                facts["http.response.status_code"] = ended.status
            failed = work.outcome is not None and work.outcome.verdict is Verdict.FAILED
            self._span(
                run.id, "attempt", (epoch, attempt), begun, ended.finished_ms, facts, failed, SpanKind.CLIENT
            )
        self._span(run.id, "record", (epoch, attempt), ended.finished_ms, now_ms)
        if ended.end.state is not RunState.PENDING:
            self._whole(work, ended, now_ms)

    def close(self) -> None:
        """Send what is left, for CLOSE_S at most: a collector that is away must not keep the server from stopping."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_S)

    def _samples(self, run: Id) -> bool:
        return _span_id(run, _ROOT) < self._below

    def _whole(self, work: Work, ended: Ended, now_ms: int) -> None:
        run = work.run
        facts: dict[str, Any] = {
            "horarium.run": prefixed("run", run.id),
            "horarium.workspace": prefixed("ws", run.workspace_id),
            "horarium.target": prefixed("tgt", run.target_id),
            "horarium.mode": run.mode.value,
            "horarium.state": ended.end.state.value,
            "horarium.attempts": ended.attempt,
        }
        if run.schedule_id is not None:
            facts["horarium.schedule"] = prefixed("sch", run.schedule_id)
        if run.fire_id is not None:
            facts["horarium.fire"] = prefixed("fire", run.fire_id)
        failed = ended.end.state is RunState.FAILED
        self._span(run.id, "run", None, run.due_ms, now_ms, facts, failed)

    def _span(
        self,
        run: Id,
        name: str,
        number: tuple[int, int] | None,
        start_ms: int,
        end_ms: int,
        facts: Mapping[str, Any] | None = None,
        failed: bool = False,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        """Make a span of the run: the whole run where `number` (epoch and attempt) is None, or else a part of it. The
        clock may have been set back between two instants: no span ends before it begins."""
        self._ids.trace = int.from_bytes(run, "big")
        root = _span_id(run, _ROOT)
        parent = SpanContext(self._ids.trace, root, False, TraceFlags(TraceFlags.SAMPLED))
        self._ids.span = root if number is None else _span_id(run, name.encode(), *number)
        context = Context() if number is None else set_span_in_context(NonRecordingSpan(parent), Context())
        span = self._tracer.start_span(name, context, kind, facts, start_time=start_ms * _NS)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(max(start_ms, end_ms) * _NS)


def _outcome_of(work: Work) -> str:
    """What came of an attempt, as the figures call it."""
    return CANCELLED if work.outcome is None else failure_class(work)


def _span_id(run: Id, name: bytes, *numbers: int) -> int:
    """The id of a span: the same on all nodes. It is never 0, but for one in 2^64."""
    of = run + name + b"".join(b"\0%d" % number for number in numbers)
    return int.from_bytes(blake2b(of, digest_size=8).digest(), "big") or 1
