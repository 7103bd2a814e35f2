"""How much one workspace may have and do: its quotas, with their defaults and what they mean.

A workspace stores only the quotas that differ from the defaults, as JSON. Whoever holds a key of the whole server
changes them; every key of the workspace may read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from functools import lru_cache
from typing import Any, NamedTuple

from horarium.domain.errors import Problem
from horarium.domain.near_names import did_you_mean

# No quota is larger, so that sums of them still fit into the databases' integers.
LARGEST = 10**12
# Members of the quotas in a request: more than there are, since each unknown one is a problem of its own.
MOST_MEMBERS = 50
# What the weight of a workspace may be, where workspaces take turns.
LEAST_WEIGHT, MOST_WEIGHT = 1.0, 100.0


def _quota(default: int, words: str, least: int = 0) -> Any:
    return field(default=default, metadata={"words": words, "least": least})


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of a workspace. All are whole numbers."""

    schedules: int = _quota(1_000_000, "schedules that exist at once, completed and archived ones included")
    targets: int = _quota(10_000, "targets that exist at once")
    smallest_period: int = _quota(1, "seconds that lie at least between two slots of a schedule", 1)
    fires_per_hour: int = _quota(
        36_000_000, "slots of all schedules together, each schedule counted with its busiest hour"
    )
    audience_rows: int = _quota(10_000_000, "rows of the audience of one fire")
    concurrency: int = _quota(1_000_000, "runs that each worker process has under way at once", 1)
    input_bytes: int = _quota(4 * 1024 * 1024, "bytes of the input that one schedule or one run stores")
    output_bytes: int = _quota(
        16 * 1024 * 1024, "bytes of the output that one run stores, if response_limit allows as many"
    )
    bulk_lines: int = _quota(1_000_000, "lines of one bulk request or import")


class Usage(NamedTuple):
    """What a workspace has, or what is added to it. `hourly`: the busiest hours of its schedules, added up."""

    schedules: int = 0
    targets: int = 0
    hourly: int = 0


QUOTAS: Mapping[str, Field[Any]] = {quota.name: quota for quota in fields(Quotas)}
DEFAULT = Quotas()


@lru_cache(maxsize=4096)
def quotas_from_text(text: str) -> Quotas:
    """The quotas of a workspace from what it stores. Equal texts give one object in memory."""
    stored = json.loads(text)
    return Quotas(**{name: value for name, value in stored.items() if name in QUOTAS}) if stored else DEFAULT


def quotas_to_text(quotas: Quotas) -> str:
    """What a workspace stores of its quotas: those that differ from the defaults."""
    defaults = asdict(DEFAULT)
    return json.dumps({name: value for name, value in asdict(quotas).items() if value != defaults[name]})


def changed_quotas(before: Quotas, given: Mapping[str, Any]) -> Quotas:
    """Quotas after a change; null sets one back to its default. `quota_problems` has found nothing wrong with it."""
    defaults = asdict(DEFAULT)
    filled = {name: defaults[name] if value is None else value for name, value in given.items()}
    return Quotas(**{**asdict(before), **filled})


def quota_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the quotas of a request."""
    if len(given) > MOST_MEMBERS:
        yield Problem("quotas", f"has {len(given)} members; the quotas are {', '.join(QUOTAS)}", "unknown")
        return
    for name, value in given.items():
        if name not in QUOTAS:
            yield Problem(
                f"quotas.{name}", f"is not a quota; {did_you_mean(name, QUOTAS, 'quotas')}", "unknown"
            )
        elif value is not None:
            least = QUOTAS[name].metadata["least"]
            if not isinstance(value, int) or isinstance(value, bool):
                yield Problem(f"quotas.{name}", "must be a whole number, or null for the default", "type")
            elif not least <= value <= LARGEST:
                yield Problem(f"quotas.{name}", f"must be from {least} to {LARGEST}")


def weight_problems(weight: float | None) -> Iterator[Problem]:
    """What is wrong with the weight of a request."""
    if weight is not None and not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        yield Problem("weight", f"must be from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}")
