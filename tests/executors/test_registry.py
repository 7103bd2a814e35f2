from __future__ import annotations

import asyncio
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium import plugins
from horarium.executors import registry
from horarium.executors.http import HttpExecutor
from horarium.executors.options import ExecutorOptions


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, registry.GROUP)


class Plug:
    type = "plug"
    closed = 0

    async def close(self) -> None:
        self.closed += 1


class Sticky(Plug):
    type = "sticky"

    async def close(self) -> None:
        raise RuntimeError("no")


def plug(options: ExecutorOptions) -> Any:
    return Plug()


def sticky(options: ExecutorOptions) -> Any:
    return Sticky()


def failing(options: ExecutorOptions) -> Any:
    raise RuntimeError("a missing library")


async def test_our_own_executors_are_found_by_entry_point() -> None:
    executors = registry.load(ExecutorOptions())
    assert {"http", "python", "command"} <= set(executors)
    assert all(executor.type == name for name, executor in executors.items())
    await registry.close(executors)


@pytest.mark.parametrize(
    "value",
    ["no.such.module:make", "tests.executors.test_registry:absent", "tests.executors.test_registry:failing"],
)
def test_a_plug_in_that_fails_is_reported_and_the_others_load(value: str) -> None:
    with capture_logs() as logs:
        executors = registry.load(
            ExecutorOptions(), [entry("bad", value), entry("plug", "tests.executors.test_registry:plug")]
        )
    assert list(executors) == ["plug"]
    assert logs[0].pop("error")
    told = {"event": "executor_not_loaded", "type": "bad", "entry": value}
    assert logs == [{"log_level": "warning", **told}]


@pytest.mark.parametrize("other", ["acme.plug:make", "tests.executors.test_registry:plug"])
def test_a_plug_in_cannot_take_the_place_of_ours(other: str) -> None:
    with capture_logs() as logs:
        executors = registry.load(
            ExecutorOptions(), [entry("http", other), entry("http", "horarium.executors.http:make")]
        )
    assert isinstance(executors["http"], HttpExecutor)
    told = {"event": "executor_name_taken", "type": "http", "entry": other}
    assert logs == [{"log_level": "warning", **told}]


def test_an_executor_under_a_name_that_is_not_its_type_is_left_out() -> None:
    with capture_logs():
        assert not registry.load(ExecutorOptions(), [entry("other", "tests.executors.test_registry:plug")])


async def test_closing_goes_on_when_one_fails() -> None:

    here = "tests.executors.test_registry"
    executors = registry.load(
        ExecutorOptions(), [entry("sticky", f"{here}:sticky"), entry("plug", f"{here}:plug")]
    )
    with capture_logs() as logs:
        await registry.close({name: executors[name] for name in ("sticky", "plug")})
    plugged: Any = executors["plug"]
    assert plugged.closed == 1
    told = {"event": "executor_not_closed", "type": "sticky", "error": "RuntimeError: no"}
    assert logs == [{"log_level": "warning", **told}]


async def test_what_cannot_be_closed_in_time_is_left_and_keeps_no_other_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once, until_the_other = Plug(), Plug()
    over = asyncio.Event()

    async def hang() -> None:
        over.set()
        await asyncio.Event().wait()

    async def wait_for_the_other() -> None:
        await over.wait()
        await Plug.close(until_the_other)

    hanging = Plug()
    monkeypatch.setattr(hanging, "close", hang)
    monkeypatch.setattr(until_the_other, "close", wait_for_the_other)
    monkeypatch.setattr(plugins, "CLOSE_S", 0.05)
    async with asyncio.timeout(20):
        with capture_logs() as logs:
            await registry.close({"waits": until_the_other, "hangs": hanging, "plug": at_once})  # type: ignore[dict-item]
    assert (at_once.closed, until_the_other.closed) == (1, 1)
    told = {"event": "executor_not_closed", "type": "hangs", "error": "it took longer than 0.05 s"}
    assert logs == [{"log_level": "warning", **told}]
