"""Spans of OpenTelemetry for what the database does: one for each transaction and read of a share of them.

Each is a trace of its own, because a transaction serves many runs and requests at once. Its name is that of the verb.
What is done for a request to the API names the id of the request. On SQLite only reads do, since another thread writes.
"""

from __future__ import annotations

import random
import time

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from horarium import __version__
from horarium.service.trail import REQUEST


class DatabaseSpans:
    """Makes spans of a share (0 to 1) of all calls of verbs, and gives them to `processor`. `system` is the kind of the
    database: sqlite or postgresql. Whoever made the processor ends it."""

    def __init__(self, processor: SpanProcessor, share: float, resource: Resource, system: str) -> None:
        self._share = share
        self._facts = {"db.system.name": system}
        # What is not sampled makes no span at all.
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("horarium", __version__)

    def took(self, verb: str, seconds: float, refused: bool) -> None:
        """Make the span of a call that has just ended. `refused`: the database could not do it."""
        if random.random() >= self._share:
            return
        end = time.time_ns()
        facts = {**self._facts, "db.operation.name": verb}
        request = REQUEST.get()
        if request is not None:
            facts["horarium.request"] = request
        span = self._tracer.start_span(
            verb, Context(), SpanKind.CLIENT, facts, start_time=end - int(seconds * 1e9)
        )
        if refused:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)
