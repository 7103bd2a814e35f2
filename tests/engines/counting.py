"""Counts how often the other side has done the work of each run: in a hash of the server named by COUNT_AT."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import redis

COUNTS = "times-run"


@cache
def _server(url: str) -> Any:
    return redis.Redis.from_url(url)


def count(run: str) -> None:
    """The work of a run is done once more."""
    _server(os.environ["COUNT_AT"]).hincrby(COUNTS, run, 1)


def counted(url: str) -> Mapping[str, int]:
    """How often the work of each run was done."""
    return {run.decode(): int(times) for run, times in _server(url).hgetall(COUNTS).items()}
