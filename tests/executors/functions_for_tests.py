"""Functions that `python` targets call in tests. They are imported by name, in our process and in workers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

pid = os.getpid
not_a_function = 5


def echo(context: dict[str, Any]) -> Any:
    return context


async def echo_async(context: dict[str, Any]) -> Any:
    return context


def add(a: int, b: int = 1) -> int:
    return a + b


async def add_async(a: int, b: int = 1) -> int:
    return a + b


class Waits:
    """An object that is called like an async function."""

    async def __call__(self, a: int) -> int:
        await asyncio.sleep(0)
        return a + 1


waits = Waits()
add_async_to_one = partial(add_async, 1)


async def takes_away(context: dict[str, Any]) -> Any:
    """Answers its secrets and variables, and changes what it was given."""
    found = {**context["secrets"], **context["environment"]}
    context["secrets"].clear()
    context["environment"].clear()
    return found


def where() -> int:
    return os.getpid()


def variables() -> dict[str, str]:
    return dict(os.environ)


def folder() -> str:
    return os.getcwd()


def fail(message: str) -> None:
    raise ValueError(message)


async def fail_async(message: str) -> None:
    raise ValueError(message)


async def time_out_itself() -> None:
    raise TimeoutError("the database was slow")


async def cancel_itself() -> None:
    raise asyncio.CancelledError


async def exit_async() -> None:
    sys.exit(3)


def leave() -> None:
    sys.exit(3)


def crash() -> None:
    os._exit(7)


def end_its_process() -> None:
    os._exit(0)


def mark_and_hang(path: str) -> None:
    """Writes the ids of its process and of a child process, and never ends."""
    child = subprocess.Popen(["sleep", "60"])
    Path(path).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)


async def hang_async(path: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        Path(path).write_text("cancelled")


async def swallow_cancel() -> str:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "too late"


def chatter() -> str:
    print("noise on standard output")
    print(repr(sys.stdin.read()))
    subprocess.run(["echo", "noise of a child"], check=True)
    return "quiet"


def large(size: int) -> str:
    return "x" * size


def no_json() -> Any:
    return object()


async def no_json_async() -> Any:
    return object()


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def raise_unprintable() -> None:
    raise Unprintable


async def raise_unprintable_async() -> None:
    raise Unprintable


def _private() -> None:
    """A private function, which an entry for the whole module does not allow."""
