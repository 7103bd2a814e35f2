"""The command line as a process, and a server to speak to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60


def horarium(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`horarium ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "horarium", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


@contextmanager
def server(data: Path, *options: str) -> Iterator[str]:
    """`horarium serve` on a free port; its address."""
    command = [sys.executable, "-m", "horarium", "serve", "--data", str(data), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield next(line.split()[-1] for line in process.stdout if " listens at " in line)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0
