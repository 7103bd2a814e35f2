"""The own API answers about the worlds of some seeds what the page `answers.txt` says."""

import pytest

from tests.simulation.answers import PAGE, SEEDS, part

ANEW = "where that is wanted, `python -m tests.simulation.answers` writes the page anew"


def kept(seed: int) -> str:
    parts = PAGE.read_text().split("== seed ")
    return next(f"== seed {part}" for part in parts if part.startswith(f"{seed}\n"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_is_told_of_as_before(seed: int) -> None:
    assert part(seed).splitlines() == kept(seed).splitlines(), ANEW


def test_the_page_has_these_seeds_and_no_others() -> None:
    assert PAGE.read_text().count("== seed ") == len(SEEDS)
