"""What is secret in a run comes back from nowhere: not in its output and not in its error, also where it is the only
secret that the run has. A target says everything that it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from horarium.executors import registry
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import stored_call
from tests.support.model_server import ModelServer
from tests.support.receiver import Answer, Receiver

SECRET = "hush-12345678"
# The only secret of a run: what its call has beside the configuration, and what the configuration has.
ONLY: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "of the target": ({}, {"secrets": {"A": SECRET}}),
    "the token of its callback": ({"callback_token": SECRET}, {}),
    "a variable of the run": ({"environment": {"HORARIUM_ENV_A": SECRET}}, {}),
}
FUNCTIONS = "tests.executors.functions_for_tests"
# Executors that show nothing of what others say, or that others are only told runs by: these say what was put where.
OTHERS = {"echo", "sql", "celery", "kubernetes", "message", "nats", "rq", "sqs", "temporal"}


@asynccontextmanager
async def targets(folder: Path) -> AsyncIterator[Mapping[str, tuple[str, Mapping[str, Any]]]]:
    """The executor and the configuration of each target."""
    program = folder / "tell"
    program.write_text(f"#!/bin/sh\necho {SECRET}\necho {SECRET} >&2\nexit $1\n")
    program.chmod(0o755)
    async with Receiver() as receiver, ModelServer() as model:
        receiver.script("/good", Answer(200, SECRET.encode()))
        receiver.script("/bad", Answer(500, SECRET.encode()))
        message = {"arguments": {"message": SECRET}}
        told = {"arguments": {"context": {"said": SECRET}}}
        yield {
            "http": ("http", {"url": receiver.url("/good")}),
            "http that fails": ("http", {"url": receiver.url("/bad")}),
            "command": ("command", {"argv": [str(program), "0"]}),
            "command that fails": ("command", {"argv": [str(program), "1"]}),
            "function": ("python", {"function": f"{FUNCTIONS}:echo_async", **told}),
            "function that fails": ("python", {"function": f"{FUNCTIONS}:fail_async", **message}),
            "function in a process": ("python", {"function": f"{FUNCTIONS}:echo", **told}),
            "function in a process that fails": ("python", {"function": f"{FUNCTIONS}:fail", **message}),
            "llm": ("llm", {"model": "m", "base_url": model.base_url, "prompt": SECRET}),
        }


@pytest.mark.parametrize("secret", ONLY)
async def test_the_only_secret_of_a_run_comes_back_from_no_target(tmp_path: Path, secret: str) -> None:
    changes, more = ONLY[secret]
    executors = registry.load(
        ExecutorOptions(
            allow_loopback=True,
            commands=(str(tmp_path / "tell"),),
            python_functions=(f"{FUNCTIONS}:*",),
        )
    )
    shown: dict[str, tuple[str, str]] = {}
    async with targets(tmp_path) as made:
        assert {kind for kind, _ in made.values()} | OTHERS >= set(executors)
        for name, (kind, config) in made.items():
            outcome = await executors[kind].execute(
                stored_call(executors[kind], {**config, **more}, **changes)
            )
            shown[name] = (str(outcome.output), str(outcome.error))
    await registry.close(executors)
    assert [name for name, texts in shown.items() if "***" not in "".join(texts)] == []
    assert [name for name, texts in shown.items() if SECRET in "".join(texts)] == []
