"""Builds the `Call` of a run for tests of executors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from horarium.domain.execution import Call, Executor
from horarium.domain.ids import derived_id

# 2026-03-08T13:00:00Z
NOW_MS = 1_772_974_800_000

RUN_ID = derived_id(NOW_MS, b"run")


def call_of(config: Mapping[str, Any], secrets: Mapping[str, Any] | None = None, **changes: Any) -> Call:
    """The call of a run for a slot of a schedule. `config` is in the form in which it is stored."""
    call = Call(
        run_id=RUN_ID,
        workspace_id=derived_id(1, b"workspace"),
        target_id=derived_id(2, b"target"),
        target_name="Report",
        config=config,
        secrets=secrets or {},
        attempt=1,
        timeout_ms=5_000,
        now_ms=NOW_MS + 250,
        schedule_id=derived_id(3, b"schedule"),
        schedule_name="Nightly",
        fire_id=derived_id(NOW_MS, b"fire"),
        slot_ms=NOW_MS,
        timezone="Europe/Paris",
        input={"team": "blue"},
    )
    return replace(call, **changes)


def stored_call(executor: Executor, config: Mapping[str, Any], **changes: Any) -> Call:
    """The call of a run of a target. `config` comes as in a request; it is checked and split as the service does it."""
    problems = list(executor.check(config))
    assert not problems, problems
    public, secrets = executor.split(config)
    return call_of(public, secrets, **changes)
