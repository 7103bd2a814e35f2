"""Every option of every command that speaks to a server changes what the server is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from rich.text import Text

from tests.cli.running import COMMAND, invoked

AN_ID = "sch_01KJMMA2G0ET89C00HHC3ZY6K7"
INSTANT = "2026-03-01T12:00:00Z"
# What concerns the connection or the printing, and not the question.
NO_QUESTION = {"url", "key", "data", "as_json", "help"}
# Commands that ask no server: they work on a database, a folder or a recurrence.
ALONE = {
    "serve", "settings", "watchdog", "demo", "next", "copy", "compact", "backup", "restore", "doctor", "migrate",
    "bench", "key recover",
    "directory import",  # it reads a file (test_directory.py)
}  # fmt: skip
# Values of options that do not take any text, by the name of the parameter.
VALUES = {
    "label": "team=blue", "set_label": "team=blue", "quota": "targets=9", "setting": "timezone=Europe/Paris",
    "policies": '{"overlap": "allow"}',
    "input_": '{"n": 1}', "audience": '{"type": "people"}',
    "row": '{"id": 1}', "executor": '{"type": "echo"}', "recurrence": "0 9 * * *",
    "catch_up": "latest", "since": INSTANT, "until": INSTANT, "instant": INSTANT, "from_event": AN_ID,
    "kind": "users", "config": '{"url": "https://rows.example/"}', "filter_": '{"blue": true}',
}  # fmt: skip
# Options of which a command takes one, so that another one has to be left out.
INSTEAD_OF = {
    ("events replay", "from_event"): frozenset({"since"}),
    ("target create", "executor"): frozenset({"to"}),
}
# What a command needs though no option says so.
NEEDED = {
    "events replay": {"since"}, "target create": {"to"}, "schedule each": {"all_"}, "run each": {"all_"},
}  # fmt: skip
# Options that mean something beside another one alone.
BESIDE = {(f"window {verb}", "by_key"): "schedule" for verb in ("add", "list", "delete")}
# Options about what is done with the answer.
OF_THE_ANSWER = {("audit verify", "noted"), ("audit verify", "file"), ("person erase", "wait")}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(COMMAND))
SPEAKING = sorted(COMMANDS.keys() - ALONE)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_a_command_and_of_its_options_is_shown_with_all_its_words(name: str) -> None:
    """The help is read as markup, in which [now] and horarium[s3] are no words."""
    command = COMMANDS[name]
    texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
    shown = [Text.from_markup(text).plain for text in texts]
    assert shown == [text.replace("\\[", "[") for text in texts]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes, str | None]]:
    """The requests that are sent: method, path with its query, body and the media type that is wanted."""
    found: list[tuple[str, str, bytes, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers.get("idempotency-key")
        given = None if key is None or len(key) == 36 else key  # the client makes one by itself
        found.append((request.method, request.url.raw_path.decode(), request.read(), given))
        if (
            request.headers.get("accept") == "text/event-stream"
        ):  # whoever follows ends where the key is refused
            return httpx.Response(403, json={})
        return httpx.Response(200, json={"items": [], "next_cursor": None, "id": AN_ID})

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr("httpx.HTTPTransport", lambda **_: transport)
    monkeypatch.setenv("HORARIUM_KEY", "hor_x")
    return found


def value_of(parameter: Any) -> str:
    if parameter.name in VALUES:
        return VALUES[parameter.name]
    if parameter.type_descriptor.annotation in (int, float):
        return "3"
    return INSTANT if parameter.name.endswith(("_at", "_before")) else "some"


def spoken(parameter: Any) -> list[str]:
    """How a parameter is given on the command line."""
    name = parameter.opts[0]
    if not name.startswith("-"):
        return [value_of(parameter)]
    return [name] if parameter.is_flag else [name, value_of(parameter)]


def requests_of(asked: list[Any], name: str, *given: Any, without: frozenset[str] = frozenset()) -> list[Any]:
    """What a command asks with these options and those that it needs."""
    command = COMMANDS[name]
    needed = [
        each
        for each in command.params
        if (each.required or each.name in NEEDED.get(name, ())) and each.name not in without
    ]
    words = name.split()
    for parameter in (*needed, *(each for each in given if each not in needed)):
        words += spoken(parameter)
    asked.clear()
    invoked(words)
    return [*asked]


@pytest.mark.parametrize("name", SPEAKING)
def test_every_option_changes_what_the_server_is_asked(asked: list[Any], name: str) -> None:
    plain = requests_of(asked, name)
    silent = []
    for parameter in COMMANDS[name].params:
        if parameter.required or parameter.name in NO_QUESTION or parameter.name in NEEDED.get(name, ()):
            continue
        this = name, parameter.name
        if this in OF_THE_ANSWER:
            continue
        beside = [each for each in COMMANDS[name].params if each.name == BESIDE.get(this)]
        before = requests_of(asked, name, *beside) if beside else plain
        found = requests_of(asked, name, *beside, parameter, without=INSTEAD_OF.get(this, frozenset()))
        if not found or found == before:
            silent.append((parameter.name, found))
    assert plain, "it asked nothing"
    assert silent == [], json.dumps(silent, default=repr)
