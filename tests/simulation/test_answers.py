"""The own API answers about the worlds of some seeds what the page `answers.txt` says."""

import pytest

from tests.simulation.answers import PAGE, SEEDS, part
from tests.support.kept_page import kept_part

ANEW = "where that is wanted, `python -m tests.simulation.answers` writes the page anew"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_is_told_of_as_before(seed: int) -> None:
    assert part(seed).splitlines() == kept_part(PAGE, f"seed {seed}").splitlines(), ANEW


def test_the_page_has_these_seeds_and_no_others() -> None:
    assert PAGE.read_text().count("== seed ") == len(SEEDS)
