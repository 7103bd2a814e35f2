"""Of every command that speaks to a server: what it asks, whom, with which key, and what it says of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from horarium.cli.failure import REFUSED, Failure
from tests.cli import asked
from tests.cli.running import invoked
from tests.cli.test_every_option import COMMANDS, SPEAKING

# Commands that do not print the answer of one request as it is.
OTHERWISE = {"person erase", "schedule preview", "audit verify"}
# The server alone bounds them, because they are one page.
ONE_PAGE = {"schedule ledger"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[httpx.Response | Exception], list[httpx.Request]]:
    """Have every request answered so; the requests that come."""

    def set_up(answer: httpx.Response | Exception) -> list[httpx.Request]:
        found: list[httpx.Request] = []

        def reply(request: httpx.Request) -> httpx.Response:
            found.append(request)
            if isinstance(answer, Exception):
                raise answer
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

        transport = httpx.MockTransport(reply)
        monkeypatch.setattr("httpx.HTTPTransport", lambda **_: transport)
        return found

    return set_up


def called(name: str, *more: str, **environment: str) -> Result:
    """What a command does with those options that it needs."""
    given = {"HORARIUM_KEY": None, "HORARIUM_URL": None, "HORARIUM_DATA": None, **environment}
    return invoked([*asked.words_of(name, asked.needed(name)), *more], given)


def options_of(name: str) -> set[str]:
    return {parameter.name for parameter in COMMANDS[name].params}


def test_each_command_asks_what_its_page_says() -> None:
    assert asked.page() == asked.PAGE.read_text("utf-8"), (
        "run `python -m tests.cli.asked`, and read what changed"
    )


@pytest.mark.parametrize("name", SPEAKING)
def test_the_server_and_the_key_of_the_options_go_before_those_of_the_environment_and_of_the_folder(
    name: str, answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = answers(httpx.Response(403, json={}))
    monkeypatch.chdir(tmp_path)
    for key, place in (
        ("folder", tmp_path),
        ("other", tmp_path / "other"),
        ("usual", tmp_path / "horarium-data"),
    ):
        place.mkdir(exist_ok=True)
        (place / "admin.key").write_text(f"hor_{key}\n")
    folder = "--data", str(tmp_path)
    environment = {"HORARIUM_URL": "http://of-environment:2", "HORARIUM_KEY": "hor_environment"}
    called(name, "--url", "http://of-option:1", "--key", "hor_option", *folder, **environment)
    called(name, *folder, **environment)
    called(name, *folder, HORARIUM_DATA=str(tmp_path / "other"))
    called(name, HORARIUM_DATA=str(tmp_path / "other"))
    called(name, HORARIUM_URL="", HORARIUM_KEY="", HORARIUM_DATA="")
    reached = {(request.url.host, request.headers["authorization"]): None for request in requests}
    assert [*reached] == [
        ("of-option", "Bearer hor_option"),
        ("of-environment", "Bearer hor_environment"),
        ("127.0.0.1", "Bearer hor_folder"),
        ("127.0.0.1", "Bearer hor_other"),
        ("127.0.0.1", "Bearer hor_usual"),
    ]


@pytest.mark.parametrize("name", SPEAKING)
def test_what_the_server_refuses_is_a_failure_in_its_words_and_nothing_is_printed(
    name: str, answers: Any
) -> None:
    answers(httpx.Response(409, json={"detail": "not now", "errors": []}))
    found = called(name, HORARIUM_KEY="hor_x")
    assert isinstance(found.exception, Failure)
    assert (found.exception.code, "not now" in str(found.exception)) == (REFUSED, True)
    assert found.stdout == ""


@pytest.mark.parametrize(
    "name", [name for name in SPEAKING if "as_json" in options_of(name) and name not in OTHERWISE]
)
def test_with_json_a_command_prints_what_the_server_has_said_and_as_json(name: str, answers: Any) -> None:
    items = [{"id": "ONE", "name": "n", "more": {"at": [1, None]}}, {"id": "TWO", "types": []}]
    answer = {"id": "ONE", "more": {"at": [1, None]}, "items": items, "next_cursor": None}
    answers(httpx.Response(200, json=answer))
    found = called(name, "--json", HORARIUM_KEY="hor_x")
    assert found.exception is None, found.exception
    assert json.loads(found.stdout) in (answer, items)


@pytest.mark.parametrize(
    "name", [name for name in SPEAKING if "limit" in options_of(name) and name not in ONE_PAGE]
)
def test_no_list_is_longer_than_asked_for(name: str, answers: Any) -> None:
    items = [{"id": str(number)} for number in range(5)]
    answers(httpx.Response(200, json={"items": items, "next_cursor": "more"}))
    for limit in (1, 5, 7):
        found = called(name, "--json", "--limit", str(limit), HORARIUM_KEY="hor_x")
        assert len(json.loads(found.stdout)) == limit


def test_without_any_key_a_command_asks_nobody_and_says_how_to_give_one(answers: Any, tmp_path: Path) -> None:
    requests = answers(httpx.Response(200, json={}))
    found = called("run list", "--data", str(tmp_path))
    assert isinstance(found.exception, Failure)
    assert "no API key" in str(found.exception)
    assert (found.exception.code, requests) == (2, [])


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("schedule create n @daily --target", lambda body: body["target"]),
        ("schedule each pause --target", lambda body: body["filter"]["target"]),
        ("schedule each retarget --all --new-target", lambda body: body["target"]),
        ("run each retry --target", lambda body: body["filter"]["target"]),
    ],
    ids=["of a new schedule", "of schedules", "a new one", "of runs"],
)
def test_the_number_of_a_target_is_sent_as_a_number_and_anything_else_as_a_text(
    words: str, target: Callable[[Any], Any], answers: Any
) -> None:
    requests = answers(httpx.Response(200, json={"id": "x"}))
    for given, sent in (("3", 3), ("night", "night"), ("3x", "3x")):
        invoked([*words.split(), given], {"HORARIUM_KEY": "hor_x"})
        assert target(json.loads(requests.pop().content)) == sent
