"""The page on scale says what its model computes, and the model what it promises."""

from pathlib import Path

import pytest

from tests.support import cells

PAGE = (Path(__file__).parent.parent / "docs" / "scale.md").read_text("utf-8")


def test_the_page_has_the_table_that_the_model_computes(capsys: pytest.CaptureFixture[str]) -> None:
    cells.main()
    assert capsys.readouterr().out in PAGE


@pytest.mark.parametrize("place", [cells.placed_by_chance, cells.placed_by_load])
@pytest.mark.parametrize("count", cells.CELLS)
def test_every_workspace_lives_in_one_cell(place, count: int) -> None:
    found = place(cells.loads(), count)
    assert len(found) == count
    assert sum(found) == pytest.approx(1.0)


def test_no_placement_leaves_a_cell_with_less_than_the_largest_workspace() -> None:
    parts = cells.loads()
    assert max(cells.placed_by_load(parts, 100)) == parts[0]
