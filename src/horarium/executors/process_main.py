"""The main module of a worker process, which runs one function after another. `processes` starts it.

Requests arrive on standard input, and answers go to standard output. Each is a frame: its length in 4 bytes, then
the data. Functions cannot disturb these frames: what they print goes to standard error, and their standard input is
empty.
"""

from __future__ import annotations

import importlib
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import orjson

_LENGTH_BYTES = 4


def main() -> None:
    """Runs functions until the server closes the pipe."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    while True:
        answer = _answer(orjson.loads(waiting.get()))
        answers.write(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer)
        answers.flush()


def _read(requests: BinaryIO, waiting: queue.SimpleQueue[bytes]) -> None:
    """Reads requests. When the server is gone, it ends the process at once, even while a function runs."""
    while True:
        head = requests.read(_LENGTH_BYTES)
        if len(head) < _LENGTH_BYTES:
            os._exit(0)
        waiting.put(requests.read(int.from_bytes(head, "big")))


def _answer(request: dict[str, Any]) -> bytes:
    try:
        function, given = _function(request["function"]), request["given"]
        result = function(**given) if request["by_keyword"] else function(given)
    except BaseException as error:
        return b"e" + _describe(error).encode("utf-8", "replace")
    if result is None:
        return b"o"
    try:
        return b"o" + orjson.dumps(result)[: request["limit"] + 1]
    except TypeError as error:
        return f"ewhat the function returned cannot be written as JSON: {error}".encode()


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _describe(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


if __name__ == "__main__":
    main()
