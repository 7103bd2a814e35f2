"""The worlds of some seeds come to what the page `histories.txt` says, to the last row."""

import pytest

from tests.simulation.histories import PAGE, history, scripts
from tests.support.kept_page import kept_part

ANEW = "where that is wanted, `python -m tests.simulation.histories` writes the page anew"


@pytest.mark.parametrize("name", scripts())
def test_a_world_comes_to_what_it_came_to_before(name: str) -> None:
    assert history(name).splitlines() == kept_part(PAGE, name).splitlines(), ANEW


def test_the_page_has_these_worlds_and_no_others() -> None:
    assert PAGE.read_text().count("== seed ") == len(scripts())
