"""A label is found in one text, whatever characters its name and its value have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain.labels import label_in, label_text

_TEXTS = st.text(st.sampled_from("ab:=\\ \n") | st.characters(), max_size=8)


@given(_TEXTS.filter(bool), _TEXTS)
def test_a_label_that_is_written_is_read_as_it_was(name: str, value: str) -> None:
    assert label_in(label_text(name, value)) == (name, value)


@given(_TEXTS.filter(bool), _TEXTS)
def test_a_sign_with_a_backslash_before_it_belongs_to_the_name_where_two_signs_count(
    name: str, value: str
) -> None:
    written = name.replace("\\", r"\\").replace(":", r"\:").replace("=", r"\=")
    assert label_in(f"{written}={value}", ":=") == label_in(f"{written}:{value}", ":=") == (name, value)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("team:red", ("team", "red")),
        ("url:http://x/?a=b", ("url", "http://x/?a=b")),
        ("empty:", ("empty", "")),
        (r"C\D:x\:y", (r"C\D", r"x\:y")),
        (r"a\:b:c", ("a:b", "c")),
        (r"a\\:b:c", ("a\\", "b:c")),
        ("", None),
        ("team", None),
        (":red", None),
        (r"a\:b", None),
    ],
)
def test_the_first_colon_that_no_backslash_stands_before_ends_the_name(
    text: str, label: tuple[str, str] | None
) -> None:
    assert label_in(text) == label
