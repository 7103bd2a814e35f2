"""What a command prints, on both of its outputs, and how it ends: as lines that are the same at every time."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from unittest.mock import patch

import httpx
from typer.testing import CliRunner

from horarium.cli import main
from tests.cli.running import COMMAND

# How the walk is printed, whatever the environment says.
PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "LINES": None}
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_BOX = re.compile(r"^[╭╰].*[╮╯]$|^│ ?| *│$")
Answer = Callable[[httpx.Request], httpx.Response]


def printed(
    words: Iterable[str],
    answer: Answer | None = None,
    terminal: bool = False,
    stdin: str = "",
    environment: Mapping[str, str | None] = {},
    sleep: Callable[[float], None] = lambda _: None,
) -> tuple[str, str, object]:
    """Standard output, standard error and the exit code of `horarium ...`, whose requests are answered so."""
    heard = {name: None for name in os.environ if name.startswith(("HORARIUM_", "TTY_", "FORCE_COLOR"))}
    with ExitStack() as stack:
        out, err, _ = stack.enter_context(
            CliRunner().isolation(stdin, {**heard, **PLAIN, **environment}, color=terminal)
        )
        stack.enter_context(patch.object(sys, "argv", ["horarium", *words]))
        stack.enter_context(patch.object(sys.stdout, "isatty", lambda: terminal, create=True))
        stack.enter_context(patch.object(sys.stderr, "isatty", lambda: terminal, create=True))
        # All commands are made once, since making them takes longer than most of what they do.
        stack.enter_context(patch("horarium.cli.commands.app", lambda: COMMAND(prog_name="horarium")))
        stack.enter_context(patch("typer.rich_utils.MAX_WIDTH", 100))
        stack.enter_context(patch("time.sleep", sleep))
        if answer is not None:
            stack.enter_context(patch("httpx.HTTPTransport", lambda **_: httpx.MockTransport(answer)))
        stack.callback(
            signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM)
        )  # some commands change it
        code: object = 0
        try:
            main.main()
        except SystemExit as end:
            code = end.code
        except Exception as error:
            code = f"a traceback: {error!r}"
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        return out.getvalue().decode(), err.getvalue().decode(), code or 0


def lines_of(out: str, err: str, code: object, terminal: bool = False) -> list[str]:
    """Both outputs as lines of the page, `!` before those of standard error, and the exit code where it is not 0."""
    found = [f"  {line}".rstrip() for line in _plain(out, terminal)]
    found += [f"! {line}".rstrip() for line in _plain(err, terminal)]
    return found + ([f"= {code}"] if code != 0 else [])


def _plain(text: str, terminal: bool) -> list[str]:
    if terminal:  # what moves on a terminal is seen
        text = text.replace("\x1b", "␛").replace("\r", "␍")
    else:
        text = _STYLE.sub("", text)
    lines = [_BOX.sub("", line) for line in text.removesuffix("\n").split("\n")]
    return [] if lines == [""] else [line for line in lines if line or "╭" not in text]
