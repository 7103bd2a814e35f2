"""Pages on which tests keep what is sent, answered and said, so that whatever changes there is seen and meant.

A page is made of chapters of lines. `differing` says in which line a page is not what was kept.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import MISSING, fields
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
import pytest

from horarium import __version__
from horarium.domain.errors import Problem
from horarium.domain.execution import Outcome
from tests.support.played_network import PlayedNetwork, played_network
from tests.support.wire import Wire

# A long text of one letter, by which limits are reached.
_REPEATED = re.compile(r"([0-9A-Za-z.])\1{39,}")
_LONGEST_LINE, _LONGEST_VALUE = 3_000, 150


class Page:
    """The lines of a page. `hide` replaces what chance or the machine decides."""

    def __init__(self, hide: Mapping[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self.hide = dict(hide or {})
        self._first: list[str] = []

    def chapter(self, title: str) -> None:
        self.lines += ["", f"## {title}"]
        self._first = []

    def case(self, title: str) -> None:
        self.lines.append(f"# {self._plain(title)}")

    def say(self, text: str) -> None:
        """A line, or more, below a case."""
        self.lines += [f"  {line}" for line in self._plain(text).split("\n")]

    def alike(self, lines: Sequence[str]) -> None:
        """Lines in their order. Three and more that stand so in the first such lines of the chapter are counted."""
        if not self._first:
            self._first = list(lines)
            self.say("\n".join(lines))
            return
        for kind, _, _, start, end in SequenceMatcher(None, self._first, lines, False).get_opcodes():
            some = lines[start:end]
            if kind == "equal" and len(some) > 2:
                self.say(f"> ({len(some)} lines from {some[0][2:].partition(':')[0]} on as in the first)")
            elif some:
                self.say("\n".join(some))

    def problems(self, found: Sequence[Problem]) -> None:
        """What is told of a configuration."""
        if not found:
            self.say("nothing is wrong")
        for problem in found:
            self.say(f"{problem.field or '(all)'} [{problem.code}]: {problem.message}")

    def outcome(self, outcome: Outcome) -> None:
        """Everything of an outcome that is not as it mostly is."""
        words = [f"-> {outcome.verdict}"]
        for field in fields(outcome):
            value = getattr(outcome, field.name)
            usual = None if field.default is MISSING else field.default
            if field.name != "verdict" and value != usual:
                words.append(f"{field.name}={value if field.name == 'error' else shown(value)}")
        self.say(" | ".join(words))

    def text(self) -> str:
        return "\n".join(self.lines).strip() + "\n"

    def _plain(self, text: str) -> str:
        for known, instead in self.hide.items():
            text = text.replace(known, instead)
        text = _REPEATED.sub(lambda found: f"{found[1]}×{len(found[0])}", text)
        text = "".join(
            letter if letter == "\n" or letter.isprintable() else repr(letter)[1:-1] for letter in text
        )
        return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}… ({len(text)} characters)"


def shown(value: Any) -> str:
    """A value as JSON; what JSON does not hold as Python writes it."""
    try:
        return orjson.dumps(value, default=repr).decode()
    except TypeError:
        return repr(value)


def briefly(value: Any) -> str:
    """A value in the title of a case: long lists and objects by their size."""
    if isinstance(value, list) and len(value) > 20:
        return f"[{shown(value[0])} × {len(value)}]"
    if isinstance(value, Mapping) and len(value) > 20:
        return f"{{{len(value)} members}}"
    text = shown(value)
    if len(text) > _LONGEST_VALUE:
        text = _REPEATED.sub(lambda found: f"{found[1]}×{len(found[0])}", text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def differing(kept: Path, said: str) -> str | None:
    """Where a page is not what was kept, and how to keep it anew. None: nowhere."""
    was = kept.read_text("utf-8").splitlines()
    title = case = ""
    for number, (before, now) in enumerate(zip_longest(was, said.splitlines()), 1):
        if now is not None and now.startswith("## "):
            title = now
        elif now is not None and now.startswith("# "):
            case = now
        if before != now:
            where = f"line {number} of {kept.name} ({title}, {case})"
            return (
                f"{where}:\nit was  {before}\nand is  {now}\nIf that is meant, run "
                f"`python -m {_module(kept)}`, and read what else has changed."
            )
    return None


def _module(kept: Path) -> str:
    return ".".join((*kept.parts[kept.parts.index("tests") :][:-1], kept.stem))


def left_out(known: Iterable[str], told: Iterable[str]) -> list[str]:
    """What of the known names is not told."""
    return sorted(set(known) - set(told))


@asynccontextmanager
async def page_beside_a_server(
    folder: Path, names: Mapping[str, Any]
) -> AsyncIterator[tuple[Page, PlayedNetwork, Wire]]:
    """An empty page, a played network in which these names lead to addresses, and the server behind public ones.
    `folder` is one of the page's own."""
    page = Page({str(folder): "FOLDER", f"Horarium/{__version__}": "Horarium/VERSION"})
    with pytest.MonkeyPatch.context() as patch:
        async with played_network(patch) as network, Wire() as wire:
            network.internet.port = wire.port
            network.begin(names)
            yield page, network, wire


def kept_part(page: Path, name: str) -> str:
    """The part of a page under `== name`."""
    return next(f"== {part}" for part in page.read_text().split("== ") if part.startswith(f"{name}\n"))
