"""`horarium bench` says a line of JSON, and refuses options that a part does not have."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from horarium.bench import times
from horarium.cli.commands import app


def test_a_part_prints_one_line_of_json() -> None:
    answer = CliRunner().invoke(app, ["bench", "storm", "--schedules", "200", "--due", "100"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["part"] == "storm"


def test_an_option_of_another_part_is_refused_and_the_own_ones_are_named() -> None:
    answer = CliRunner().invoke(app, ["bench", "fanout", "--runs", "5"])
    assert answer.exit_code == 2
    assert "--rows" in answer.output


@pytest.mark.parametrize(("ratios", "ceiling"), [({"slow": 80.0, "quick": 4.0}, 125_000.0), ({}, 0.0)])
def test_the_ceiling_of_next_instants_is_the_fastest_of_the_others(
    monkeypatch: pytest.MonkeyPatch, ratios: dict[str, float], ceiling: float
) -> None:
    rows = [times.Row("a", "UTC", 1.0, 9.0, ratios), times.Row("b", "UTC", 4.0, 9.0, ratios)]
    measured = times.Report(rows, {}, ratios, {}, 0.25, 0.5)
    monkeypatch.setattr(times, "run", lambda quick: measured)
    answer = CliRunner().invoke(app, ["bench", "times"])
    line = json.loads(answer.output)
    assert (line["ours"], line["ceiling"]) == (500_000.0, ceiling)  # the geometric mean of 1 and 4 us
    assert (line["times_faster"], line["million_s"]) == (ratios, 0.25)
