"""`horarium bench` says a line of JSON, and refuses options that a part does not have."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from horarium.cli.commands import app


def test_a_part_prints_one_line_of_json() -> None:
    answer = CliRunner().invoke(app, ["bench", "storm", "--schedules", "200", "--due", "100"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["part"] == "storm"


def test_an_option_of_another_part_is_refused_and_the_own_ones_are_named() -> None:
    answer = CliRunner().invoke(app, ["bench", "fanout", "--runs", "5"])
    assert answer.exit_code == 2
    assert "--rows" in answer.output
