"""What the HTTP layer counts: requests by method and status, how long they took, and limits that they hit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from horarium.domain.errors import HorariumError, Invalid, QuotaReached, RateLimited, TooLarge
from horarium.domain.figures import MOMENTS_MS, Histogram
from horarium.service.metrics import counters, histogram

LIMITS = ("rate", "quota", "size")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def limit_of(error: Exception) -> str | None:
    """Which limit a request has hit, by the error that it is answered with; None where it hit none."""
    if isinstance(error, RateLimited):
        return "rate"
    if isinstance(error, QuotaReached):
        return "quota"
    if isinstance(error, TooLarge):
        return "size"
    if isinstance(error, Invalid) and any(problem.code == "quota" for problem in error.problems):
        return "quota"
    return None


@dataclass(slots=True)
class HttpFigures:
    """Requests by method and status, their durations in milliseconds until the answer was sent, and limits hit."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    took: Histogram = field(default_factory=lambda: Histogram(MOMENTS_MS))
    limits: Counter[str] = field(default_factory=Counter)

    def refused(self, error: HorariumError) -> None:
        """Count the limit that a request has hit, where it has hit one."""
        limit = limit_of(error)
        if limit is not None:
            self.limits[limit] += 1

    def done(self, method: str, status: int, took_ms: float) -> None:
        """Count a request that was answered."""
        self.requests[method if method in _METHODS else "other", status] += 1
        self.took.add(took_ms)

    def metrics(self) -> Iterator[Metric]:
        """The figures as metrics."""
        requests = CounterMetricFamily(
            "horarium_http_requests",
            "Requests that were answered, by method and status.",
            labels=["method", "status"],
        )
        for (method, status), times in sorted(self.requests.items()):
            requests.add_metric([method, str(status)], times)
        yield requests
        yield histogram("horarium_http_request_seconds", "How long requests took.", self.took)
        hit = dict.fromkeys(LIMITS, 0) | self.limits
        yield counters(
            "horarium_limits_hit",
            "Requests that were refused because of a limit: the rate of a key, a quota, the size of a body.",
            "limit",
            hit,
        )
