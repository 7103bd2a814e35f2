"""The other end of `processes`: a process that runs one function after the other.

Requests and answers are frames (length in 4 bytes, then data) on what were standard input and output. Those
are moved away first: what a function prints goes to standard error, and what it reads is empty.
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
    """Ends the process when the server is gone, in the middle of a function as well."""
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
