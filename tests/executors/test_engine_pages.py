"""The examples on the pages of docs/engines are configurations that the server accepts."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import orjson
import pytest

from horarium.executors.options import ExecutorOptions
from horarium.executors.registry import GROUP
from tests.executors.calls import call_of

PAGES = Path(__file__).parents[2] / "docs" / "engines"
EXAMPLES = [
    (page.name, orjson.loads(text))
    for page in sorted(PAGES.glob("*.md"))
    for text in re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
]


@pytest.mark.parametrize(
    ("page", "target"), EXAMPLES, ids=[f"{page}-{target['name']}" for page, target in EXAMPLES]
)
async def test_an_example_of_a_page_is_accepted(page: str, target: dict[str, Any]) -> None:
    config = {name: value for name, value in target["executor"].items() if name != "ca"}  # a shortened one
    (entry,) = entry_points(group=GROUP, name=config["type"])
    executor = entry.load()(ExecutorOptions())
    assert list(executor.check(config)) == [], page
    assert target["completion"] != "watch" or executor.watchable(executor.split(config)[0])
    await executor.close()


def test_every_engine_has_a_page_with_an_example_and_stands_in_the_list() -> None:
    engines = {
        entry.name
        for entry in entry_points(group=GROUP)
        if entry.value.startswith("horarium.executors.engines.")
    }
    assert engines <= {target["executor"]["type"] for _, target in EXAMPLES}
    listed = (PAGES / "README.md").read_text("utf-8")
    assert [engine for engine in sorted(engines) if f"| `{engine}` |" not in listed] == []


ODD: list[Any] = [
    None,
    True,
    -1,
    1.5,
    2**62,
    "",
    " ",
    "x" * 100_000,
    "{{",
    "{{ input }}",
    "\0",
    "é",
    "[::1",
    ":",
]
ODD += [
    [],
    {},
    [[]],
    {"": ""},
    {"a": {"b": [1]}},
    ["{{ secrets.X }}"],
    "http://[::1",
    "https://[::1]:99999/x.fifo",
]


@pytest.mark.parametrize(
    ("page", "target"), EXAMPLES, ids=[f"{page}-{target['name']}" for page, target in EXAMPLES]
)
async def test_an_odd_value_in_any_field_is_a_problem_or_a_configuration_that_can_be_used(page, target):
    config = {name: value for name, value in target["executor"].items() if name != "ca"}
    (entry,) = entry_points(group=GROUP, name=config["type"])
    executor = entry.load()(ExecutorOptions(engine_hosts=("*",)))
    for field in (*config, "ca", "tls", "secrets"):
        for value in ODD:
            changed = config | {field: value}
            if field == "type" or list(executor.check(changed)):
                continue
            call = call_of(*executor.split(changed))
            executor.check_hosts(call.workspace_id, changed)
            executor._compiled.of(call)  # raises BrokenConfiguration for what cannot be compiled
    await executor.close()
