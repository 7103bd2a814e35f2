"""The command line as a process or within this one, and a server to speak to."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import typer
from typer.testing import CliRunner, Result

from horarium.cli.commands import app
from tests.support.started import Started

SECONDS = 60

# All commands. The runner of tests would make them anew each time, which takes longer than most of what they do.
COMMAND = typer.main.get_command(app)


def invoked(words: Sequence[str], environment: Mapping[str, str | None] | None = None) -> Result:
    """`horarium ...` within this process. What `main` makes a sentence and an exit code of is its `exception`."""
    with patch("typer.testing._get_command", lambda _: COMMAND):
        return CliRunner().invoke(app, words, env=environment)


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
