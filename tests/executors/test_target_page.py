"""docs/targets.md says what targets take, what they are sent and what their answers mean, as the program has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from horarium.domain.execution import Verdict
from horarium.domain.target import TargetKind
from horarium.executors.context import context_of, run_text
from horarium.executors.http import _judge
from horarium.executors.http_config import FIELDS, METHODS
from horarium.executors.signing import PUBLIC_FIELD
from horarium.executors.template import ROOTS
from tests.executors.calls import call_of
from tests.support.house import House

PAGE = (Path(__file__).parents[2] / "docs" / "targets.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^#{2,3} (.+?)\n(.*?)(?=^#{2,3} |\Z)", PAGE, re.MULTILINE | re.DOTALL))
TARGETS = [
    body
    for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    if "kind" in (body := orjson.loads(text))
]
OPENED = {"python_functions": ("json:dumps",), "commands": ("sh?env=REGION",)}
# What stands on the page for a function and a program that are there.
THERE = {"function": "json:dumps", "argv": ["sh", "{{ input.team }}"]}


def first_cells(section: str) -> list[str]:
    """The names in the first column of the first table of a section."""
    cells = re.findall(r"^\| (`.+?) \|", SECTIONS[section], re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("body", TARGETS, ids=lambda body: body["executor"]["type"])
async def test_a_target_of_the_page_is_made_by_a_server_that_allows_it(body: dict[str, Any]) -> None:
    executor = body["executor"]
    there = {name: THERE[name] for name in THERE if name in executor}
    async with House.open("2026-03-01T12:00:00Z", outgoing=OPENED) as house:
        given = {**body, "executor": {**executor, **there}}
        answer = await house.client.post("/horarium/v1/targets", json=given)
        assert answer.status_code == 201, answer.text


def test_every_type_of_target_but_the_engines_has_an_example_or_needs_none() -> None:
    assert {body["executor"]["type"] for body in TARGETS} == {"http", "python", "command", "llm", "sql"}


def test_the_fields_of_an_http_target_are_those_of_the_page() -> None:
    assert set(first_cells("`http`")) == {*FIELDS} - {PUBLIC_FIELD}
    assert f"| `method` | `POST` | {', '.join(f'`{name}`' for name in METHODS[:-1])} or `DELETE` |" in PAGE


def test_the_kinds_of_targets_are_those_of_the_page() -> None:
    row = re.search(r"^\| `kind` \| required \| (.*?)\. ", PAGE, re.MULTILINE)
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row[1])) == {kind.value for kind in TargetKind}


def test_placeholders_may_name_what_the_page_lists() -> None:
    listed: dict[str, set[str]] = {}
    for path in first_cells("Placeholders"):
        root, _, name = path.partition(".")
        listed.setdefault(root, set()).update({name} - {""})
    assert listed.pop("secrets") == set()
    assert listed == {root: {*(names or ())} for root, names in ROOTS.items()}


def test_the_context_of_the_page_has_the_members_of_the_context_that_is_sent() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", SECTIONS["What arrives"], re.DOTALL)
    shown, sent = orjson.loads(text), context_of(call_of({}), run_text(call_of({}).run_id))
    assert list(shown) == list(sent)
    for name, value in sent.items():
        if isinstance(value, dict) and name != "input":
            assert list(shown[name]) == list(value)


def rows_of_answers() -> list[list[str]]:
    rows = [
        row.split(" | ") for row in SECTIONS["What the answer means"].splitlines() if row.startswith("| ")
    ]
    return rows[1:]


def test_what_an_answer_means_is_what_the_page_says() -> None:
    told = {row[0].removeprefix("| "): row[2].removesuffix(" |") for row in rows_of_answers()}
    again = [int(status) for status in re.findall(r"\b[45]\d\d\b", next(row for row in told if "5xx" in row))]
    assert told["410"] == "no"
    for status in (*range(300, 600),):
        found = _judge(call_of({}), status, None, None, False)
        assert found.verdict is Verdict.FAILED
        assert found.retryable == (status in again or status >= 500)
        assert found.gone == (status == 410)
    for status in range(200, 300):
        assert _judge(call_of({}), status, None, None, True).verdict is Verdict.SUCCEEDED
    later = call_of({}, callback_token="t")
    assert _judge(later, 202, None, None, True).verdict is Verdict.ACCEPTED
    assert _judge(later, 200, None, None, True).verdict is Verdict.SUCCEEDED
