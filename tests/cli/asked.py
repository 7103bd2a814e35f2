"""What each command that speaks to a server asks, without options, with all of them at once, and with those that take
any text empty, as one line for each request.

The value of an option is its own name in capitals wherever it takes any text, so that no two can be mistaken for each
other. `python -m tests.cli.asked` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any
from unittest.mock import patch

import httpx

from tests.cli.running import invoked
from tests.cli.test_every_option import COMMANDS, INSTEAD_OF, NEEDED, NO_QUESTION, SPEAKING

PAGE = Path(__file__).with_name("asked.txt")
# Values that say of themselves to which option they belong, where it takes no other text.
OWN = {
    "label": "label=LABEL", "set_label": "team=SET_LABEL", "quota": "targets=9", "setting": "timezone=SETTING",
    "input_": '{"input": 1}', "audience": '{"audience": 1}',
    "row": '{"row": 1}', "filter_": '{"filter": true}', "policies": '{"policies": 1}',
    "config": '{"config": 1}', "executor": '{"executor": 1}', "catch_up": "latest", "kind": "users",
}  # fmt: skip


def value_of(parameter: Any) -> str:
    if parameter.name in OWN:
        return OWN[parameter.name]
    if parameter.type_descriptor.annotation in (int, float):
        return str(3 + len(parameter.name))  # mostly another number for another option
    return str(parameter.name).strip("_").upper()


def words_of(name: str, given: Mapping[str, Any], without: frozenset[str] = frozenset()) -> list[str]:
    """A command with these options, and with its arguments."""
    words = name.split()
    for parameter in COMMANDS[name].params:
        option = parameter.opts[0]
        if not option.startswith("-"):
            words.append(value_of(parameter))
        elif (parameter.name in given or parameter.required) and parameter.name not in without:
            words += (
                [option]
                if parameter.is_flag
                else [option, str(given.get(parameter.name, value_of(parameter)))]
            )
    return words


def needed(name: str) -> dict[str, str]:
    """The options without which the command does nothing, with their values."""
    return {each.name: value_of(each) for each in COMMANDS[name].params if each.name in NEEDED.get(name, ())}


def ways_of(name: str) -> Iterator[list[str]]:
    """The command with those options alone that it needs, and with all of its options; where two exclude each other,
    once with each. Then with empty texts, and with a list of nothing and of more than a page."""
    bare = words_of(name, needed(name))
    yield bare
    options = {
        each.name: value_of(each)
        for each in COMMANDS[name].params
        if each.name not in NO_QUESTION and each.opts[0].startswith("-")
    }
    excluded = {option: others for (command, option), others in INSTEAD_OF.items() if command == name}
    for option, others in excluded.items():
        yield words_of(name, options, without=others)
        options = {each: value for each, value in options.items() if each != option}
    everything = words_of(name, options)
    if everything != bare:
        yield everything
    empty = {
        each.name: "" for each in COMMANDS[name].params if each.name in options and _takes_any_text(each)
    }
    if empty:
        yield words_of(name, needed(name) | empty)
    if "limit" in options:
        yield words_of(name, needed(name) | {"limit": "0"})
        yield words_of(name, needed(name) | {"limit": "1000"})


def _takes_any_text(parameter: Any) -> bool:
    of_text = parameter.type_descriptor.annotation not in (int, float)
    return of_text and not parameter.is_flag and parameter.name not in OWN


def asked_by(words: list[str]) -> list[str]:
    """The requests of a command, each as a line."""
    found: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers.get("idempotency-key")
        body = request.read().decode()
        parts = [request.method, request.url.raw_path.decode(), body]
        parts += [f"Idempotency-Key: {key}"] if key is not None and len(key) != 36 else []
        found.append(" ".join(part for part in parts if part))
        if request.headers.get("accept") == "text/event-stream":
            return httpx.Response(403, json={})
        return httpx.Response(200, json={"items": [], "next_cursor": None, "id": "AN_ID"})

    with patch("httpx.HTTPTransport", lambda **_: httpx.MockTransport(answer)):
        invoked(words, {"HORARIUM_KEY": "hor_x"})
    return found


def page() -> str:
    """All commands, with what they ask."""
    lines = []
    for name in SPEAKING:
        for words in ways_of(name):
            lines.append(f"$ horarium {' '.join(word or quote(word) for word in words)}")
            lines += [f"  {line}" for line in asked_by(words) or ["asks nothing"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
