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
