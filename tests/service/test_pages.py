"""Pages of lists and their cursors."""

import pytest

from horarium.domain.errors import Invalid
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, random_id
from horarium.service.pages import cursor_from, cursor_text, cut


def test_a_page_that_holds_everything_has_no_next_one():
    assert cut([], 2, bytes).next is None
    page = cut([b"a", b"b"], 2, bytes)
    assert (page.items, page.next) == ([b"a", b"b"], None)


def test_a_page_goes_on_after_its_last_item():
    page = cut([b"a", b"b", b"c"], 2, bytes)
    assert (page.items, page.next) == ([b"a", b"b"], b"b")


@pytest.mark.parametrize(
    "an_id", [LOWEST_ID, HIGHEST_ID, random_id(1_772_366_400_000)], ids=["lowest", "highest", "random"]
)
def test_a_cursor_comes_back_as_the_id_it_stands_for(an_id):
    assert cursor_from(cursor_text(an_id)) == an_id


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 21, "A" * 23, "A" * 21 + "=", "ä" * 22, "A" * 21 + "\0", "!" * 22, "!" * 4 + "A" * 22],
)
def test_a_cursor_that_no_page_gave_is_refused_with_its_field(text):
    with pytest.raises(Invalid) as caught:
        cursor_from(text, "after")
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("after", "cursor")
