"""How the URL of a database says that a pooler is in between."""

import pytest

from horarium.domain.errors import Invalid
from horarium.store.database_urls import through_pooler, without_pooler


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h@db/h",
        "postgresql://h:p%40ss@a:1,b:2/h?target_session_attrs=primary",
        "postgresql://h@/h?host=/run/postgresql&port=6432",
    ],
)
def test_the_mark_is_put_on_once_and_taken_off_again(url):
    marked = through_pooler(url)
    assert marked.endswith("pooler=transaction")
    assert through_pooler(marked) == marked
    assert without_pooler(marked) == (url, True)
    assert without_pooler(url) == (url, False)


def test_a_mark_that_says_anything_else_is_refused():
    with pytest.raises(Invalid, match="must be pooler=transaction"):
        without_pooler("postgresql://h@db/h?pooler=session")
