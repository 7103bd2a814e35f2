"""What was compiled for recent targets, so that a run pays only for what is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from horarium.domain.execution import Call
from horarium.domain.ids import Id

PlanT = TypeVar("PlanT")

_MOST = 4096


class BrokenConfiguration(Exception):
    """A stored configuration that `check` would not let pass today."""

    def __init__(self) -> None:
        super().__init__("the target's stored configuration cannot be used: replace it")


class Plans(Generic[PlanT]):
    """Compiled plans by target, each used only while configuration and secrets are still those it was made
    of."""

    def __init__(self, compile_plan: Callable[[Mapping[str, Any], Mapping[str, Any]], PlanT]) -> None:
        self._compile = compile_plan
        self._plans: dict[Id, tuple[Mapping[str, Any], Mapping[str, Any], PlanT]] = {}

    def of(self, call: Call) -> PlanT:
        """The plan of a run's target. Raises BrokenConfiguration."""
        known = self._plans.get(call.target_id)
        if known is not None and known[0] == call.config and known[1] == call.secrets:
            return known[2]
        if len(self._plans) >= _MOST:
            self._plans.clear()
        try:
            plan = self._compile(call.config, call.secrets)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BrokenConfiguration from error
        self._plans[call.target_id] = (call.config, call.secrets, plan)
        return plan
