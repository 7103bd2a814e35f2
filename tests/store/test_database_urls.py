"""How the URL of a database says that a pooler is in between."""

from pathlib import Path

import pytest

from horarium.domain.errors import Invalid
from horarium.store.database_urls import sqlite_path, through_pooler, url_of, without_pooler


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


def test_a_second_mark_is_read_as_the_first_one_is():
    twice = "postgresql://h@db/h?pooler=transaction&x=&pooler=transaction"
    assert without_pooler(twice) == ("postgresql://h@db/h?x=", True)
    with pytest.raises(Invalid, match="must be pooler=transaction"):
        without_pooler("postgresql://h@db/h?pooler=transaction&pooler=")


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://file", "mysql://h@db/h", "horarium.db", ""])
def test_a_url_that_names_no_database_that_is_known_is_refused(url):
    with pytest.raises(Invalid, match="is neither sqlite:///PATH nor postgresql://"):
        sqlite_path(url)


def test_a_url_names_a_file_or_a_server():
    assert sqlite_path("sqlite:////data/one.db") == Path("/data/one.db")
    assert sqlite_path("postgres://h@db/h") is sqlite_path("postgresql://h@db/h") is None


def test_a_path_that_is_there_is_what_it_is_whatever_its_name(tmp_path):
    folder, file = tmp_path / "data.d", tmp_path / "database"
    folder.mkdir()
    file.touch()
    assert url_of(str(folder)) == f"sqlite:///{folder}/horarium.db"
    assert url_of(str(file)) == f"sqlite:///{file}"
