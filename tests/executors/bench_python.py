"""What the python executor costs beside a bare await of the same function.

python -m tests.executors.bench_python [calls]
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from typing import Any

import uvloop

from horarium.domain.execution import Verdict
from horarium.domain.ids import derived_id
from horarium.executors.options import ExecutorOptions
from horarium.executors.python import make
from tests.executors.calls import NOW_MS, stored_call
from tests.executors.functions_for_tests import echo_async

_CONCURRENCY = 100


async def _rate(calls: list[Any], one: Any) -> float:
    waiting = iter(calls)

    async def work() -> None:
        for call in waiting:
            await one(call)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_CONCURRENCY)))
    return len(calls) / (time.perf_counter() - started)


async def measure(count: int) -> None:
    name = "tests.executors.functions_for_tests"
    executor = make(ExecutorOptions(python_functions=(f"{name}:*",)))

    async def ours(call: Any) -> None:
        assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED

    for function in ("add_async", "echo_async", "add"):
        config: dict[str, Any] = {"function": f"{name}:{function}"}
        if function != "echo_async":
            config["arguments"] = {"a": "{{ attempt }}"}
        call = stored_call(executor, config)
        number = count if function != "add" else count // 10
        calls = [replace(call, run_id=derived_id(NOW_MS, n.to_bytes(4, "big"))) for n in range(number)]
        await _rate(calls[:100], ours)
        print(f"{function:12} {await _rate(calls, ours):9.0f} calls/s")
    print(f"{'bare await':12} {await _rate([{}] * count, echo_async):9.0f} calls/s")
    await executor.close()


if __name__ == "__main__":
    uvloop.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
