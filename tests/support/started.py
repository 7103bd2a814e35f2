"""`horarium` commands as processes that start within some ten milliseconds.

To start Python and to load the server takes longer than most commands take. So one process for each test run, the
starter, loads everything once and is forked for each command. What it starts is a process like any other: it has a pid,
its own standard streams and an exit status, it is sent signals, and it may be killed.

    process = Started(["serve", "--port", "0"], stdout=subprocess.PIPE, text=True)

What a test asks of the start itself (what is loaded, how long that takes) is asked with `python -m horarium`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def _starter() -> socket.socket:
    """Where commands are asked for. The starter is started with the first of them."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.support.starter", str(theirs.fileno())]
        starter = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    atexit.register(starter.wait)
    atexit.register(ours.close)
    return ours


class Started(subprocess.Popen[Any]):
    """`horarium ARGUMENTS` as a process. It takes what subprocess.Popen takes, as far as that concerns the standard
    streams, `env` and `cwd`, and is used in the same way."""

    def _execute_child(
        self,
        args: Any,
        executable: Any,
        preexec_fn: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: Any,
        env: Mapping[str, str] | None,
        startupinfo: Any,
        creationflags: Any,
        shell: Any,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        *others: Any,
    ) -> None:
        """What subprocess.Popen does with a new process once its pipes are made."""
        request = {
            "arguments": [str(argument) for argument in args],
            "environment": dict(os.environ if env is None else env),
            "folder": str(cwd or os.getcwd()),
        }
        self._status, told = os.pipe()
        streams = [given if given != -1 else own for own, given in enumerate((p2cread, c2pwrite, errwrite))]
        try:
            socket.send_fds(_starter(), [json.dumps(request).encode()], [*streams, told])
            self.pid = int(_starter().recv(32))
            self._child_created = True
        finally:
            os.close(told)
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]

    def _ended(self, seconds: float | None) -> int | None:
        """The exit status, once it is told within so many seconds."""
        if self.returncode is None:
            ready, _, _ = select.select([self._status], [], [], seconds)
            if ready:
                self.returncode = int(os.read(self._status, 32) or -signal.SIGKILL)
                os.close(self._status)
        return self.returncode

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._ended(0)

    def _wait(self, timeout: float | None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code
