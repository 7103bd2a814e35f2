"""How far a copy has come, as its command tells it."""

import sys

import pytest

from horarium.cli.copy import _told


@pytest.mark.parametrize(
    ("terminal", "done", "rows", "told"),
    [
        (False, "copied", 5_000, ""),  # a log has one line for each table
        (False, "copied", 9_000, "copied runs: 9000 of 9000\n"),
        (False, "verified", 5_000, "verified runs: 5000 of 9000\n"),
        (True, "copied", 5_000, "copied runs: 5000 of 9000\r"),
        (True, "copied", 9_000, "copied runs: 9000 of 9000\n"),
    ],
)
def test_a_line_is_written_over_on_a_terminal_and_told_once_elsewhere(
    monkeypatch, capsys, terminal, done, rows, told
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    _told(done, "runs", rows, 9_000)
    assert capsys.readouterr().err == told
