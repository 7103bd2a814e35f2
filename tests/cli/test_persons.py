"""An erasure is waited for until it is done, and what it waits for is told once."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from horarium.cli import persons
from tests.cli.printing import printed


def erased(*options: str, states: list[dict[str, Any]]) -> tuple[list[str], list[str], int]:
    """What `horarium person erase` prints on both outputs where the server says these states one after another, and how
    many of them it heard."""
    left = list(states)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "ers_1", "waits_for": 0, "counts": None, **left.pop(0)})

    out, err, code = printed(["person", "erase", "ada", *options, "--key", "hor_x"], answer)
    assert code == 0
    return out.splitlines(), err.splitlines(), len(states) - len(left)


WAITING = [{"state": "waiting", "waits_for": 2}, {"state": "waiting", "waits_for": 1}, {"state": "running"}]


def test_it_is_waited_for_and_what_it_waits_for_is_told_once() -> None:
    out, err, heard = erased(states=[*WAITING, {"state": "done", "counts": {"runs": 3}}])
    assert err == ["waiting for what is under way, runs and audiences: 2"]
    assert [line.split() for line in out] == [
        ["id", "ers_1"],
        ["waits_for", "0"],
        ["counts", '{"runs":', "3}"],
        ["state", "done"],
    ]
    assert heard == 4


def test_without_waiting_what_was_begun_is_shown_at_once() -> None:
    out, err, heard = erased("--no-wait", "--json", states=WAITING)
    assert (json.loads("\n".join(out))["state"], err, heard) == ("waiting", [], 1)


@pytest.mark.parametrize(
    ("counts", "told"),
    [({"runs": 0}, True), ({}, True), (None, True), ({"runs": 0, "texts": 1}, False)],
    ids=["none", "nothing counted", "no counts", "one"],
)
def test_that_nothing_was_found_of_a_person_is_told(counts: Any, told: bool) -> None:
    _, err, _ = erased(states=[{"state": "done", "counts": counts}])
    assert err == ["nothing of this person was found in the workspace: is it the right one?"] * told


def test_it_is_looked_twice_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    states = [*WAITING, {"state": "done"}]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "ers_1", "waits_for": 0, **states.pop(0)})

    printed(["person", "erase", "ada", "--key", "hor_x"], answer, sleep=slept.append)
    assert slept == [0.5] * 3 == [persons.LOOK_S] * 3
