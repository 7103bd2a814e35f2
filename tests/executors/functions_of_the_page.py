"""Functions of the page `sent.txt`. Each has a twin that runs in the event loop; its name ends with `_here`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

a_number = 5


def given(context: dict[str, Any]) -> Any:
    return sorted(context)


def named(a: Any = "nothing", b: Any = None) -> Any:
    return [a, b]


def none() -> None:
    return None


def true() -> bool:
    return True


def false() -> bool:
    return False


def zero() -> int:
    return 0


def text() -> str:
    return "Thanks!"


def listed() -> Any:
    return {"a": [1, None], "b": {"ä": 1.5}}


def large() -> int:
    return 1 << 64


def at_the_bound() -> str:
    return "x" * 398


def above_the_bound() -> str:
    return "x" * 399


def no_json() -> Any:
    return {1, 2}


def wide() -> str:
    return "a\0b"


def raises() -> None:
    raise ValueError("no such team")


def raises_without_words() -> None:
    raise KeyError


class _Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def raises_in_words() -> None:
    raise _Wordless


def raises_long() -> None:
    raise ValueError("y" * 3_000)


def leaves() -> None:
    sys.exit(3)


def tells_a_secret() -> None:
    raise ValueError("sesame-open")


def needs_more(a: int) -> int:
    return a


def waits() -> None:
    time.sleep(30)


async def waits_here() -> None:
    await asyncio.Event().wait()


async def cancels_here() -> None:
    raise asyncio.CancelledError


def ends_its_process() -> None:
    os._exit(7)


def kills_its_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _here(function: Callable[..., Any]) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args, **kwargs)

    return called


given_here, named_here, none_here, true_here, false_here = map(_here, (given, named, none, true, false))
zero_here, text_here, listed_here, large_here, no_json_here = map(_here, (zero, text, listed, large, no_json))
at_the_bound_here, above_the_bound_here, wide_here = map(_here, (at_the_bound, above_the_bound, wide))
raises_here, raises_without_words_here, raises_in_words_here = map(
    _here, (raises, raises_without_words, raises_in_words)
)
raises_long_here, leaves_here, tells_a_secret_here, needs_more_here = map(
    _here, (raises_long, leaves, tells_a_secret, needs_more)
)
