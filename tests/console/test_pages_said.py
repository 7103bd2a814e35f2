"""What every page of the console says stands in `pages_said.txt`, so that whatever changes there is seen and meant."""

from __future__ import annotations

from itertools import zip_longest

from tests.console import pages_said
from tests.console.readable import read


async def test_every_page_says_what_the_kept_page_tells() -> None:
    said, left_out = await pages_said.walked()
    assert left_out == set(), "give these routes a page or a form in tests/console/visits.py"
    kept = pages_said.PAGE.read_text("utf-8").splitlines()
    title = ""
    for number, (was, now) in enumerate(zip_longest(kept, said.splitlines()), 1):
        title = now if now is not None and now.startswith("#") else title
        assert was == now, (
            f"line {number} of pages_said.txt ({title}):\nit was  {was}\nand is  {now}\n"
            "If that is meant, run `python -m tests.console.pages_said`, and read what else has changed."
        )


def test_a_page_reads_the_same_whatever_it_looks_like() -> None:
    plain = "<title>T</title><main><p>Runs: <b>3</b> <a href='/console/runs' class='button danger'>All</a></p></main>"
    other = (
        "<title>T</title><main><div id='x'><span class='x dim'>Runs:</span> 3 "
        "<a class='danger' href='/console/runs'>All</a></div></main>"
    )
    assert read(plain).main == read(other).main == ["Runs: 3 [All -> /runs .danger]"]


def test_what_a_label_names_that_is_not_there_is_told() -> None:
    assert read("<label for='a'>A</label><input id='b' name='b' value='1'>").main == [
        "{for=a (MISSING)} A <text b=1>"
    ]
