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
from horarium.domain.ids import PREFIXES
from tests.cli.running import COMMAND

# How the walk is printed, whatever the environment says.
PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "LINES": None}
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_BOX = re.compile(r"^[╭╰].*[╮╯]$|^│ ?| *│$")
_PREFIXES = (*PREFIXES, "act", "ers", "pau", "src", "win")
Answer = Callable[[httpx.Request], httpx.Response]


class Names:
    """Names for what chance decides: ids, keys and the like are numbered as they come up. A name that is short stands
    in a table with the blanks that keep the table straight."""

    KINDS = (
        (re.compile(rf"\b({'|'.join(_PREFIXES)})_[0-9A-HJKMNP-TV-Z]{{26}}\b"), None),
        (re.compile(r"\bhor_[A-Za-z0-9_-]{32,}"), "hor_KEY"),
        (re.compile(r"\bwhsec_[A-Za-z0-9+/=]{20,}"), "whsec_SECRET"),
        (re.compile(r"\bwhpk_[A-Za-z0-9+/=]{20,}"), "whpk_PUBLIC"),
        (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
        (re.compile(r"\b[0-9a-f]{12}-[0-9a-f]+\b"), "REQUEST"),
        (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b"), "TRACE"),
        (re.compile(r"\b[0-9a-f]{32}\b"), "SALT"),
        (re.compile(r"\bv1a?,[A-Za-z0-9+/]{40,}=*"), "SIGNATURE"),
    )  # fmt: skip

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._hints: dict[str, str] = {}

    def knows_key(self, key: str) -> None:
        """The end of a key stands in lists of keys."""
        self._hints.setdefault(key[-4:], f"~k{len(self._hints) + 1:02}")

    def known(self, text: str) -> str:
        """A text in which each name is again what it stands for."""
        found = {name: real for real, name in self._names.items()}
        return re.sub(r"\b[A-Za-z]+_?[A-Z]*_?\d+\b", lambda seen: found.get(seen[0], seen[0]), text)

    def named(self, text: str) -> str:
        """A text in which names stand for what chance decides."""
        for seen in re.finditer(r"\bhor_[A-Za-z0-9_-]{32,}", text):
            self.knows_key(seen[0])
        for end, name in self._hints.items():
            text = re.sub(rf"(?<![\w-]){re.escape(end)}(?![\w-])", name, text)
        for form, kind in self.KINDS:
            text = form.sub(lambda seen, kind=kind: self._name(seen, kind), text)  # type: ignore[misc]
        return text

    def _name(self, seen: re.Match[str], kind: str | None) -> str:
        real, family = seen[0], kind or seen[1] + "_"
        if real not in self._names:
            self._counts[family] = self._counts.get(family, 0) + 1
            self._names[real] = f"{family}{self._counts[family]}"
        in_table = seen.string[seen.end() : seen.end() + 2] == "  "
        return self._names[real].ljust(len(real)) if in_table else self._names[real]


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
