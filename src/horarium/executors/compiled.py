"""Keeps the compiled configurations of recent targets.

Everything in a configuration that is the same for all runs is worked out once per target and not once per run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import orjson

from horarium.domain.execution import Call, WatchedTarget
from horarium.domain.ids import Id
from horarium.domain.json_text import memory_of
from horarium.domain.remembered import Remembered
from horarium.domain.same_json import is_same_json

CompiledT = TypeVar("CompiledT")

# How many targets are remembered before all of them are forgotten, and how many bytes of their configurations.
_MOST, _MOST_BYTES = 4096, 32 << 20


class BrokenConfiguration(Exception):
    """A stored configuration cannot be compiled, because today's `check` would refuse it."""

    def __init__(self) -> None:
        super().__init__("the target's stored configuration cannot be used: replace it")


class CompiledConfigs(Generic[CompiledT]):
    """Compiled configurations by target.

    Each one is used for as long as the target's configuration and secrets stay the same. After a change it is
    compiled again.
    """

    def __init__(self, compile_config: Callable[[Mapping[str, Any], Mapping[str, Any]], CompiledT]) -> None:
        self._compile = compile_config
        self._compiled: Remembered[Id, tuple[Mapping[str, Any], Mapping[str, Any], CompiledT]] = Remembered(
            _MOST, _MOST_BYTES
        )

    def of(self, call: Call) -> CompiledT:
        """The compiled configuration of the call's target. Raises BrokenConfiguration."""
        return self._of(call.target_id, call.config, call.secrets)

    def of_watched(self, target: WatchedTarget) -> CompiledT:
        """The compiled configuration of a target whose runs are watched. Raises OSError where it cannot be compiled, as
        `watch` and `cancel` do for all that keeps them from the engine."""
        try:
            return self._of(target.id, target.config, target.secrets)
        except BrokenConfiguration as error:
            raise OSError(str(error)) from error

    def _of(self, target_id: Id, config: Mapping[str, Any], secrets: Mapping[str, Any]) -> CompiledT:
        known = self._compiled.get(target_id)
        if known is not None and is_same_json(known[0], config) and known[1] == secrets:
            return known[2]
        try:
            compiled = self._compile(config, secrets)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BrokenConfiguration from error
        size = memory_of(orjson.dumps(config).decode())
        self._compiled.put(target_id, (config, secrets, compiled), size)
        return compiled
