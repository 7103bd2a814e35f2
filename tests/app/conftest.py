"""A server in one process, and what it gives to its parts and loops."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from horarium.app import loops, opening, parts
from horarium.store.sqlite import SqliteStore

# A setting of each kind that reaches a part, none of them at its default.
GIVEN: dict[str, Any] = {
    "concurrency": 7,
    "poll": 7.5,
    "lease": 45.0,
    "drain": 3.0,
    "retention_days": 1.5,
    "event_retention_days": 2.5,
    "audit_retention_days": 3.5,
    "public_url": "https://schedules.example.com",
    "node": "north",
}


NOW = 1_800_000_000_000


def bound(made: Callable[..., Any], *given: Any, **named: Any) -> dict[str, Any]:
    """What a call gives to each parameter, by its name."""
    return dict(signature(made).bind(*given, **named).arguments)


@pytest.fixture
def given_to(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """What a server gives to the parts that it makes and to its loops, by the names of both."""
    noted: dict[str, list[dict[str, Any]]] = {}

    def note(name: str) -> None:
        where = [module for module in (loops, opening, parts) if name in vars(module)]
        made = getattr(where[0], name)

        def noting(*given: Any, **named: Any) -> Any:
            noted.setdefault(name, []).append(bound(made, *given, **named))
            return made(*given, **named)

        for module in where:
            monkeypatch.setattr(module, name, noting)

    for name in (
        *("Worker", "Watcher", "Deliverer", "Engine", "FanoutRunner", "Lease", "ServerBackups"),
        *("release_loop", "heartbeat_loop", "upkeep_loop", "act_loop", "forget_loop", "clock_loop"),
    ):
        note(name)
    return noted


@pytest.fixture(autouse=True)
def in_one_process(monkeypatch: pytest.MonkeyPatch) -> list[SqliteStore]:
    """The stores that would have a process of their own for their writer, which takes a while to start."""
    apart: list[SqliteStore] = []
    monkeypatch.setattr(SqliteStore, "write_apart", lambda store: apart.append(store))
    return apart
