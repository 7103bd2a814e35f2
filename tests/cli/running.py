"""The command line as a process, and a server to speak to."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.started import Started

SECONDS = 60


def horarium(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`horarium ...` to its end."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Started(
        arguments, text=True, env={**os.environ, "NO_COLOR": "1", **environment}, **pipes
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@contextmanager
def server(data: Path, *options: str) -> Iterator[str]:
    """`horarium serve` on a free port; its address."""
    command = ["serve", "--data", str(data), "--port", "0", *options]
    process = Started(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield next(line.split()[-1] for line in process.stdout if " listens at " in line)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0
