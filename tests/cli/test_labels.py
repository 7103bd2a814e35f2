"""Labels are written alike wherever a command takes them."""

import pytest

from horarium.cli.client import filters, pairs
from horarium.cli.failure import Failure
from horarium.domain.labels import label_in


@pytest.mark.parametrize("text", ["team=blue", "team:blue"])
def test_a_label_is_written_alike_to_make_and_to_find_schedules(text: str) -> None:
    assert pairs([text], "--label") == {"team": "blue"}
    assert filters([text], "--label") == ["team:blue"]


@pytest.mark.parametrize("first", ["=", ":"])
@pytest.mark.parametrize("value", ["a:b", "a=b", "http://x/?a=b", "=", ":", "::=", ""])
def test_a_value_may_hold_both_signs(first: str, value: str) -> None:
    assert pairs([f"url{first}{value}"], "--label") == {"url": value}
    assert filters([f"url{first}{value}"], "--label") == [f"url:{value}"]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [(r"a\:b=c=d", "a:b", "c=d"), (r"a\=b:c", "a=b", "c"), (r"a\\=b", "a\\", "b"), (r"a\b=c", r"a\b", "c")],
)
def test_a_name_may_hold_both_signs_with_a_backslash_before_them(text: str, name: str, value: str) -> None:
    assert pairs([text], "--label") == {name: value}
    (asked,) = filters([text], "--label") or ()
    assert label_in(asked) == (name, value)


def test_a_label_may_be_asked_for_with_several_values() -> None:
    assert filters(["team=blue", "team:red", "team=blue"], "--label") == [
        "team:blue",
        "team:red",
        "team:blue",
    ]


def test_no_label_is_no_filter_and_a_label_without_value_is_refused() -> None:
    assert filters(None, "--label") is None
    for read in (pairs, filters):
        with pytest.raises(Failure, match="must be written name=value"):
            read(["team"], "--label")
