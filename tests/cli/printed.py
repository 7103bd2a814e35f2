"""What each command prints, on which output, and with which exit code.

`python -m tests.cli.printed` writes the page anew. Lines of standard error begin with `!`, and `=` is an exit code that
is not 0. The commands are found from the application itself, so that a new one stands in the first three parts by
itself, and is missed in the last two until it has been added to one of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.cli import asked, printed_alone, printed_demo, printed_story
from tests.cli.played_answers import answer_to
from tests.cli.printing import lines_of, printed
from tests.cli.test_every_option import COMMANDS, SPEAKING

PAGE = Path(__file__).with_name("printed.txt")
KEY = ("--key", "hor_x")
# Commands that end by themselves only where the server refuses.
ENDLESS = {"events follow"}
SEVERAL = [
    {"field": "name", "message": "must not be empty", "code": "invalid"},
    {"field": "recurrence", "message": "the hour must be 0 to 23", "code": "invalid"},
]


def _refusal(status: int, detail: str, **more: Any) -> httpx.Response:
    return httpx.Response(
        status, json={"status": status, "detail": detail, **more}, headers={"retry-after": "0"}
    )


# What may come instead of the answer that was wished for.
FAILURES: dict[str, httpx.Response | httpx.TransportError] = {
    "401": _refusal(401, "a valid API key is needed"),
    "403": _refusal(403, "the key lacks the scope runs:read"),
    "404": _refusal(404, "not found"),
    "409": _refusal(409, "it has changed meanwhile"),
    "422, with two problems": _refusal(422, "2 problems: name, recurrence", errors=SEVERAL),
    "429": _refusal(429, "too many requests"),
    "500": _refusal(500, "something went wrong"),
    "502, the page of a proxy": httpx.Response(502, html="<p>Bad gateway</p>", headers={"retry-after": "0"}),
    "599, without a word": httpx.Response(599),
    "200, but a page": httpx.Response(200, html="<p>Sign in here</p>"),
    "200, but broken JSON": httpx.Response(200, text="{", headers={"content-type": "application/json"}),
    "200, but the JSON of another service": httpx.Response(200, json={"ok": True, "items": [{"name": "x"}]}),
    "no connection": httpx.ConnectError("Connection refused"),
    "no answer in time": httpx.ReadTimeout("timed out"),
}


def page() -> str:
    """The whole page."""
    return "".join(f"{_heading(part)}{text(part)}" for part in PARTS)


def text(part: str) -> str:
    """A part of the page as it would be written now."""
    return "".join(f"{line}\n" for line in PARTS[part]())


def kept(part: str) -> str:
    """A part of the page as it is kept."""
    _, _, behind = PAGE.read_text("utf-8").partition(_heading(part))
    return behind.partition("######## ")[0]


def _heading(part: str) -> str:
    return f"######## {part}\n"


def _words(name: str) -> list[str]:
    """The command with those options that it needs."""
    return asked.words_of(name, asked.needed(name))


def _answers() -> Iterator[str]:
    for name in SPEAKING:
        if name in ENDLESS:
            continue
        yield f"$ horarium {' '.join(_words(name))}"
        seen: list[str] = []
        for items in ("fs", "0"):
            found = lines_of(*printed([*_words(name), *KEY], lambda request: answer_to(request, items)))  # noqa: B023
            if items == "0" and found != ["  nothing found"]:  # one thing, and no list
                continue
            yield from found
            seen += found
        if not seen:
            yield "  (nothing)"


def _failures() -> Iterator[str]:
    for words, answer in FAILURES.items():
        yield f"## {words}"
        yield from _grouped({name: _failed(name, answer) for name in SPEAKING})


def _failed(name: str, answer: httpx.Response | httpx.TransportError) -> list[str]:
    """What a command prints that is answered so, and how often it has asked."""
    asked_for = 0

    def fail(request: httpx.Request) -> httpx.Response:
        nonlocal asked_for
        asked_for += 1
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    lines = lines_of(*printed([*_words(name), *KEY], fail))
    return [*lines, f"(asked {asked_for} times)"] if asked_for > 1 else lines


def _misused() -> Iterator[str]:
    for name, command in COMMANDS.items():
        if any(each.required for each in command.params):
            yield f"$ horarium {name}"
            yield from lines_of(*printed(name.split()))


def _grouped(found: dict[str, list[str]]) -> Iterator[str]:
    """What most commands print once, and each other way with the commands that print so."""
    ways: dict[tuple[str, ...], list[str]] = {}
    for name, lines in found.items():
        ways.setdefault(tuple(lines), []).append(name)
    usual = max(ways, key=lambda way: len(ways[way]))
    for way, names in sorted(ways.items(), key=lambda item: item[0] != usual):
        yield "all others" if way == usual and len(ways) > 1 else "all" if way == usual else ", ".join(names)
        yield from way


# The parts of the page, by their headings.
PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "An answer; of two things in a list, the second has as little as may be": _answers,
    "Where something else comes than an answer, and of which commands": _failures,
    "Where a command is not given what it needs": _misused,
    "A walk through a server": printed_story.lines,
    "Commands that ask no server": printed_alone.lines,
    "The demo": printed_demo.lines,
}


def first_difference(before: str, now: str) -> str:
    """The first place in which two texts differ, in context."""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "printed.txt", "printed now", lineterm="", n=6
    )
    return "\n".join([*lines][:40])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
