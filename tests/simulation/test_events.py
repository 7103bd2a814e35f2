"""Nodes are killed where events come to be: none is lost or comes under another id, and the check notices if one is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from horarium.domain.webhooks import Answer
from horarium.events.feed import Feed
from tests.simulation.events import with_event_kills
from tests.simulation.run import play
from tests.simulation.script import Script, script_for

SEEDS = int(os.environ.get("EVENT_SEEDS", "70"))
"""Of the long form: more than 1,000 kills."""


def some_scripts(count: int = 12) -> Iterator[Script]:
    return (with_event_kills(script_for(seed)) for seed in range(1, count + 1))


def caught() -> bool:
    """Whether the check of events speaks for one of the scripts."""
    return any(
        words.startswith("events_told_13") for script in some_scripts() for words in play(script).found
    )


def test_events_survive_the_kills_of_one_script() -> None:
    result = play(with_event_kills(script_for(2)))
    assert result.found == []
    assert result.counts["events"] > 0


@pytest.mark.long
def test_no_kill_loses_an_event_or_gives_it_another_id() -> None:
    kills = 0
    for script in some_scripts(SEEDS):
        result = play(script)
        assert result.found == [], script.seed
        kills += result.counts["crash"]
    print(f"{kills} kills")
    assert kills >= SEEDS * 10


def test_it_sees_an_end_of_a_fire_that_nothing_tells_of() -> None:
    async def forgets(*_: object) -> None:
        return None

    with patch("tests.support.inline_store.write_notes", forgets):
        assert caught()


@pytest.mark.long
def test_it_sees_a_position_that_passes_what_has_not_arrived() -> None:
    with patch.object(Feed, "_is_settled", lambda feed, number: True):
        assert caught()


@pytest.mark.long
def test_it_sees_events_of_a_schedule_that_overtake_each_other() -> None:
    with patch("horarium.events.feed._line_of", lambda event: event.id):
        assert caught()


@pytest.mark.long
def test_it_sees_an_event_that_is_taken_for_arrived_although_it_was_refused() -> None:
    with patch.object(Answer, "arrived", property(lambda answer: True)):
        assert caught()
