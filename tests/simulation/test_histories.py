"""The worlds of some seeds come to what the page `histories.txt` says, to the last row."""

import pytest

from tests.simulation.histories import PAGE, SEEDS, history

ANEW = "where that is wanted, `python -m tests.simulation.histories` writes the page anew"


def kept(seed: int) -> str:
    parts = PAGE.read_text().split("== seed ")
    return next(f"== seed {part}" for part in parts if part.startswith(f"{seed}\n"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_comes_to_what_it_came_to_before(seed: int) -> None:
    assert history(seed).splitlines() == kept(seed).splitlines(), ANEW


def test_the_page_has_these_seeds_and_no_others() -> None:
    assert PAGE.read_text().count("== seed ") == len(SEEDS)
