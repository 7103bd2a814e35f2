"""Facts about when schedules fire, taken from elsewhere: every one holds."""

import json
from pathlib import Path

import pytest

from horarium.times.batch import answer_line

LINES = (Path(__file__).parent / "data" / "instants.jsonl").read_text().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_every_fact_holds(line: str) -> None:
    fact = json.loads(line)
    answer = json.loads(answer_line(line))
    if "times" in fact:
        assert answer.get("times") == fact["times"]
    else:
        assert ("error" in answer) == fact["error"]
