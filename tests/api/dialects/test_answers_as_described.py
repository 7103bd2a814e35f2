"""What a dialect answers about a schedule is as its OpenAPI page says, whatever input the own API has stored for it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.api.asking import ask
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.support.house import House
from tests.support.receiver import Receiver

INPUTS: list[Any] = [
    None,
    "text",
    "",
    7,
    True,
    [1, {"a": None}],
    {},
    {"input": 3},
    {"variables": [1]},
    {"a": {"b": 1}},
]


async def problems(speaker: Speaker, answer: httpx.Response) -> list[str]:
    """Where an answer differs from the page of its API."""
    page = (await speaker.client.get(f"{speaker.base}/openapi.json")).json()
    path = answer.request.url.path.removeprefix(speaker.base)
    for declared, methods in page["paths"].items():
        if (
            re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", declared), path)
            and answer.request.method.lower() in methods
        ):
            described = methods[answer.request.method.lower()]["responses"][str(answer.status_code)]
            schema = described["content"]["application/json"]["schema"]
            check = Draft202012Validator({**schema, "components": page["components"]})
            return [f"{error.json_path}: {error.message}" for error in check.iter_errors(answer.json())]
    raise AssertionError(f"{path} is not on the page")


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_an_answer_is_as_the_page_says_whatever_input_is_stored(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    found = await problems(speaker, await speaker.read(speaker.schedule))
    for stored in INPUTS:
        await ask(house, "PATCH", f"/schedules/{speaker.core_id(speaker.schedule)}", {"input": stored})
        answer = await speaker.read(speaker.schedule)
        assert answer.status_code == 200
        found += [f"{stored!r}: {problem}" for problem in await problems(speaker, answer)]
    assert found == []
