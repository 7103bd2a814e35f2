"""A target is tried out: what its executor is given, how long it may take, how many at once, and what is noted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import reduce
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.api import show
from horarium.domain.errors import Conflict, Forbidden, RateLimited
from horarium.domain.execution import Call, Exchange, Outcome, Verdict
from horarium.domain.json_text import DEEPEST
from horarium.domain.listings import AuditListing
from horarium.domain.run import RunMode
from horarium.domain.target import Completion
from horarium.service import tried_calls as module
from horarium.service.targets import draft_of
from horarium.service.tried_calls import TriedCall, TriedCallService, output_of
from tests.support.house import House, instant

NOW = "2026-03-01T12:00:00Z"
DONE = Outcome(Verdict.SUCCEEDED, status=200)
DEEP: Any = reduce(lambda inner, _: [inner], range(DEEPEST), [])


class Noting:
    """An executor that notes its calls, and answers when it may."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.calls: list[Call] = []
        self.may = asyncio.Event()
        self.may.set()
        self.fault = fault

    async def execute(self, call: Call) -> Outcome:
        self.calls.append(call)
        await self.may.wait()
        if self.fault is not None:
            raise self.fault
        return DONE


def tried_by(house: House, executor: Any) -> TriedCallService:
    return replace(house.services.tried_calls, executors={"http": executor})


async def test_an_executor_is_given_what_a_run_by_hand_would_give_it() -> None:
    async with House.open(NOW) as house:
        who, noting, now, target = await house.who(), Noting(), instant(NOW), await house.target("tool")
        service = tried_by(house, noting)
        tried = await service.call(who, target.id, {"a": 1}, {"id": 7})
        await service.call(who, target.id)
        one, without = noting.calls
        listing = AuditListing(who.workspace_id, 10, action="target.tested")
        await house.services.audit.link()
        noted = (await house.services.audit.page(who, listing)).items
        assert [one.subject for one in noted] == [f"tgt:{target.id.hex()}"] * 2
        assert (tried.target_id, tried.run_id, tried.began_ms) == (target.id, one.run_id, now)
        assert tried.outcome is DONE
        assert tried.exchange is one.exchange
        assert (one.workspace_id, one.target_id, one.target_name) == (who.workspace_id, target.id, "Tool")
        assert (one.attempt, one.kind, one.due_ms, one.now_ms) == (1, RunMode.MANUAL, now, now)
        assert (one.watched, one.variation, one.timeout_ms) == (False, None, 30_000)
        assert (one.input, one.row, one.row_key) == ({"a": 1}, {"id": 7}, "test")
        assert (without.input, without.row, without.row_key) == (None, None, "")
        await service._tried(replace(target, completion=Completion.WATCH, timeout_ms=60_001), None, None)
        assert (noting.calls[2].watched, noting.calls[2].timeout_ms) == (True, 60_000)


async def test_an_agent_with_variations_is_tried_with_one_of_them() -> None:
    async with House.open(NOW) as house:
        noting = Noting()
        extra = {"variations": [{"id": "v", "name": "V"}]}
        target = await house.target("agent", extra=extra)
        await tried_by(house, noting).call(await house.who(), target.id)
        assert [(call.variation or {}).get("id") for call in noting.calls] == ["v"]


async def test_a_call_says_how_long_the_executor_took(monkeypatch: pytest.MonkeyPatch) -> None:
    async with House.open(NOW) as house:
        times = iter([100.0, 102.2504])
        target, who = await house.target("tool"), await house.who()
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(times)))
        assert (await tried_by(house, Noting()).call(who, target.id)).took_ms == 2_250


async def test_an_executor_that_does_not_keep_its_limit_is_stopped_five_seconds_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed = []

    def timeout(seconds: float) -> Any:
        allowed.append(seconds)
        return asyncio.timeout(0)

    async with House.open(NOW) as house:
        noting, who, target = Noting(), await house.who(), await house.target("tool", timeout_ms=2_000)
        noting.may.clear()
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(timeout=timeout))
        outcome = (await tried_by(house, noting).call(who, target.id)).outcome
        assert (outcome.verdict, outcome.error) == (Verdict.FAILED, "no answer within 2 s")
        assert allowed == [7.0]


async def test_a_fault_of_an_executor_and_one_that_is_missing_are_outcomes() -> None:
    async with House.open(NOW) as house:
        who, target = await house.who(), await house.target("tool")
        with capture_logs() as lines:
            broken = await tried_by(house, Noting(KeyError("x"))).call(who, target.id)
        told = {"event": "executor_failed", "executor": "http", "exc_info": True}
        assert lines == [{"log_level": "error", **told}]
        assert (broken.outcome.verdict, broken.outcome.error) == (
            Verdict.FAILED,
            "the executor broke down: KeyError",
        )
        missing = (await replace(house.services.tried_calls, executors={}).call(who, target.id)).outcome
        assert (missing.verdict, missing.retryable) == (Verdict.FAILED, False)
        assert missing.error == "this server has no executor 'http': install its plug-in"


@pytest.mark.parametrize(("of_one", "together", "refused"), [(2, 32, [True, False]), (4, 2, [True, True])])
async def test_so_many_are_tried_at_once_in_a_workspace_and_in_all(
    monkeypatch: pytest.MonkeyPatch, of_one: int, together: int, refused: list[bool]
) -> None:
    monkeypatch.setattr(module, "MOST_OF_ONE", of_one)
    monkeypatch.setattr(module, "MOST_TOGETHER", together)
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        noting = Noting()
        service = tried_by(house, noting)
        callers = [
            (await house.who(), await house.target("tool")),
            (await house.who(other), await house.target("tool", tenant=other)),
        ]
        for _ in range(2):  # what is over has made room
            noting.may.clear()
            begun = len(noting.calls)
            who, target = callers[0]
            held = [asyncio.create_task(service.call(who, target.id)) for _ in range(2)]
            async with asyncio.timeout(5):
                while len(noting.calls) < begun + 2:
                    await asyncio.sleep(0)
            for (who, target), is_refused in zip(callers, refused, strict=True):
                attempt = asyncio.create_task(service.call(who, target.id))
                if is_refused:
                    with pytest.raises(RateLimited):
                        await attempt
                else:
                    held.append(attempt)
            noting.may.set()
            assert {tried.outcome.status for tried in await asyncio.gather(*held)} == {200}


async def test_a_disabled_target_and_one_that_is_not_granted_are_not_called() -> None:
    async with House.open(NOW) as house:
        who, noting, target = await house.who(), Noting(), await house.target("tool")
        service = tried_by(house, noting)
        with pytest.raises(Forbidden, match="Tool"):
            await service.call(replace(who, granted=frozenset()), target.id)
        with pytest.raises(Forbidden):
            await service.call(replace(who, scopes=frozenset({"targets:read"})), target.id)
        off = lambda found: replace(draft_of(found), enabled=False)  # noqa: E731
        await house.services.targets.change(who, target.id, off)
        with pytest.raises(Conflict, match=r"disabled \(switched off\)"):
            await service.call(who, target.id)
        assert noting.calls == []


@pytest.mark.parametrize(
    ("output", "shown"),
    [({"a": [1]}, {"a": [1]}), (DEEP, json.dumps(DEEP, separators=(",", ":"))), ({1, 2}, "{1, 2}"),
     ("x" * 70_000, "x" * 70_000), (b"x" * 70_000, "b'" + "x" * 65_534)],
    ids=["JSON", "too deep", "no JSON", "a long text", "long and no JSON"],
)  # fmt: skip
def test_an_output_that_is_no_json_is_shown_as_a_bounded_text(output: Any, shown: Any) -> None:
    assert output_of(Outcome(Verdict.SUCCEEDED, output=output)) == shown


@pytest.mark.parametrize(
    ("outcome", "retryable"),
    [
        (Outcome(Verdict.FAILED), True),
        (Outcome(Verdict.FAILED, retryable=False), False),
        (Outcome(Verdict.FAILED, gone=True), False),
        (Outcome(Verdict.SUCCEEDED), False),
    ],
)
def test_a_run_would_be_tried_again_after_what_may_pass_and_not_where_the_target_is_gone(outcome, retryable):
    tried = TriedCall(b"t" * 16, b"r" * 16, 0, 5, outcome, Exchange())
    assert show.tried_call(tried)["retryable"] is retryable
