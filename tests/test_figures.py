"""Every limit, time, size and count that the server goes by stands in `figures.txt`: none changes by mistake."""

from __future__ import annotations

from itertools import zip_longest

from tests import figures


def test_every_figure_is_the_one_that_the_kept_page_tells() -> None:
    kept = figures.PAGE.read_text("utf-8").splitlines()
    for was, now in zip_longest(kept, figures.figures().splitlines()):
        assert was == now, (
            f"it was {was}\nand is {now}\nIf that is meant, look which page of docs/ tells the figure, and run "
            "`python -m tests.figures`."
        )
