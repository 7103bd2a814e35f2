"""What commands print, and with which exit code they end, stands on a page."""

from __future__ import annotations

import pytest

from tests.cli import printed
from tests.cli.printed_alone import ENDLESS
from tests.cli.test_every_option import COMMANDS


@pytest.mark.parametrize("part", printed.PARTS)
def test_commands_print_what_their_page_says(part: str) -> None:
    before, now = printed.kept(part), printed.text(part)
    assert before == now, (
        "run `python -m tests.cli.printed`, and read what changed:\n" + printed.first_difference(before, now)
    )


def test_the_page_has_these_parts_and_nothing_else() -> None:
    assert printed.PAGE.read_text("utf-8") == "".join(
        f"######## {part}\n{printed.kept(part)}" for part in printed.PARTS
    )


def test_the_page_shows_each_command_at_a_server_or_a_database_that_is_real() -> None:
    """A new command is missed here until a line of it stands in printed_walk.txt or printed_alone.py."""
    text = printed.PAGE.read_text("utf-8")
    walks = text[text.index("######## A walk") :]
    asked = [line[len("$ horarium ") :] for line in walks.splitlines() if line[:2] in ("$ ", "T ")]
    missing = [name for name in COMMANDS if not any(f"{line} ".startswith(f"{name} ") for line in asked)]
    assert missing == []


def test_no_command_ends_with_a_traceback() -> None:
    assert "= a traceback" not in printed.PAGE.read_text("utf-8")


def test_commands_that_end_by_themselves_succeed_at_least_once_on_the_page() -> None:
    blocks = (
        ("\n" + printed.PAGE.read_text("utf-8"))
        .replace("\nT horarium ", "\n$ horarium ")
        .split("\n$ horarium ")
    )
    done = [block.partition("\n")[0] for block in blocks if "\n= " not in block]
    failing = [
        name
        for name in COMMANDS
        if name not in ENDLESS | printed.ENDLESS
        and not any(f"{line} ".startswith(f"{name} ") for line in done)
    ]
    assert failing == []
