"""The process that starts `horarium` commands for tests (see started.py): it has loaded all of them, and is forked for
each.

It reads requests from the socket whose number it is given, answers each with the pid of the new process, and writes the
exit status of a process to the file that came with its request. It ends when the socket is closed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from typing import NoReturn

import horarium.app
import horarium.cli

# The files that come with a request: the three standard streams, and where the exit status is written.
FILES = 4
LONGEST_REQUEST = 1 << 17


def main(number: int) -> None:
    for module in pkgutil.iter_modules(horarium.cli.__path__, "horarium.cli."):
        importlib.import_module(module.name)
    assert threading.active_count() == 1, "a process with threads must not be forked"
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the tests
    asked = socket.socket(fileno=number)
    # Where the exit status of each process is written, by its pid.
    waiting: dict[int, int] = {}
    ended, ring = os.pipe()
    os.set_blocking(ring, False)
    os.set_blocking(ended, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    while _wait_for(asked, ended, waiting):
        request, files, _, _ = socket.recv_fds(asked, LONGEST_REQUEST, FILES)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for file in (asked.detach(), ended, ring, *waiting.values()):
                os.close(file)
            _become(json.loads(request), files)
        for file in files[:-1]:
            os.close(file)
        waiting[pid] = files[-1]
        asked.send(str(pid).encode())


def _wait_for(asked: socket.socket, ended: int, waiting: dict[int, int]) -> bool:
    """Tell the exit status of what ends, until there is a request."""
    while True:
        ready, _, _ = select.select([asked, ended], [], [])
        if ended in ready:
            os.read(ended, 1_000)
        for pid in list(waiting):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                told = waiting.pop(pid)
                os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(told)
        if asked in ready:
            return True


def _become(request: dict[str, object], files: list[int]) -> NoReturn:
    """In the new process: be the command that was asked for, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["folder"]))
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]
    sys.argv[1:] = request["arguments"]  # type: ignore[assignment]
    code: object = 0
    try:
        runpy.run_module("horarium", run_name="__main__", alter_sys=True)
    except SystemExit as left:
        code = left.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # The end of Python itself would touch, and so copy, all of the memory that is shared with the starter.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, OSError):  # it may be closed
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
