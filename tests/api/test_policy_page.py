"""docs/policies.md lists every policy with its default, as the program has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from horarium.api.models import PolicyBody, RetryBody
from horarium.api.show import policies
from horarium.domain.schedule import Policies
from horarium.times import Timing
from tests.support.house import House

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
UNITS = {"s": 1, "min": 60, "d": 86_400}


def table(head: str) -> dict[str, list[str]]:
    """The rows of a table by the name in their first cell."""
    (text,) = re.findall(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [row.strip("|").split(" | ") for row in text.splitlines()]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}


def value_of(cell: str) -> Any:
    """What a cell of defaults stands for."""
    length = re.fullmatch(r"(\d+) (s|min|d)", cell)
    if length is not None:
        return int(length[1]) * UNITS[length[2]]
    text = cell.strip("`")
    return {"none": None, "by grammar": None, "true": True}.get(text, int(text) if text.isdigit() else text)


def test_every_policy_is_on_the_page_with_its_default() -> None:
    told, real = table("policy"), policies(Policies(), Timing("@daily"))
    assert list(told) == [name for name in told if name in PolicyBody.model_fields]
    assert {*told} == {*PolicyBody.model_fields}
    assert {name: value_of(cells[0]) for name, cells in told.items() if name != "retry"} == {
        name: value for name, value in real.items() if name != "retry"
    }


def test_every_part_of_the_retry_policy_is_on_the_page_with_its_default() -> None:
    told = table("`retry`")
    assert {*told} == {*RetryBody.model_fields}
    assert {name: value_of(cells[0]) for name, cells in told.items()} == policies(
        Policies(), Timing("@daily")
    )["retry"]


@pytest.mark.parametrize("name", [name for name, cells in table("policy").items() if "`, `" in cells[1]])
async def test_a_policy_takes_the_values_of_the_page_and_no_others(name: str) -> None:
    values = re.findall(r"`(\w+)`", table("policy")[name][1])
    body = {"recurrence": "@daily"}
    async with House.open("2026-03-01T12:00:00Z") as house:
        for value in (*values, "other"):
            given = {**body, "policies": {name: value}}
            answer = await house.client.post("/horarium/v1/schedules/preview", json=given)
            assert answer.status_code == (200 if value in values else 400), answer.text


async def test_the_schedule_of_the_page_is_made() -> None:
    (text,) = re.findall(r"^    (\{.*?\}\}\})$", PAGE, re.MULTILINE | re.DOTALL)
    async with House.open("2026-03-01T12:00:00Z") as house:
        await house.target("workflow", "https://example.com/hook", key="digest")
        answer = await house.client.post("/horarium/v1/schedules", json=orjson.loads(text))
        assert answer.status_code == 201, answer.text
        assert answer.json()["policies"]["retry"]["max_attempts"] == 5
