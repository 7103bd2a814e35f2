"""Regular expressions of callers: what they cost is known before they are used."""

import time

import pytest

from horarium.domain.patterns import BadPattern, Pattern


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "a-b", "-a"),
        (r"^\d{4}-\d{2}$", "2026-03", "2026-3"),
        (r"^caf\u00e9$", "caf\u00e9", "cafe"),
        (r"^\\u0041$", r"\u0041", "A"),
        (r"^\p{Lu}", "\u00c9a", "\u00e9a"),
        ("b", "abc", "ac"),
        ("^.$", "\U0001f600", "ab"),
        (r"a\/b", "a/b", "ab"),
    ],
)
def test_patterns_are_those_of_javascript(pattern: str, good: str, bad: str) -> None:
    compiled = Pattern(pattern)
    assert compiled.found_in(good)
    assert not compiled.found_in(bad)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=x)", "look-around"),
        (r"(a)\1", "back-references"),
        ("(", "missing"),
        ("((a{100}){100}){100}", "too large"),
        (r"[\p{L}]{900}", "too large"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, reason: str) -> None:
    before = time.thread_time()
    with pytest.raises(BadPattern, match=reason):
        Pattern(pattern)
    assert time.thread_time() - before < 0.2


@pytest.mark.parametrize("pattern", ["(a?){999}a{999}", "(a+)+$", "(?:a|b|ab)*c", "(.*.*){50}x"])
def test_a_search_takes_no_longer_than_it_is_charged(pattern: str) -> None:
    compiled = Pattern(pattern)
    text = "ab" * 50_000
    before = time.thread_time()
    compiled.found_in(text)
    assert time.thread_time() - before < 0.1 + 5 * compiled.cost(text) / 1_000_000


def test_groups_cost_nothing_since_nothing_is_captured():
    assert Pattern("(a)(b)").size == Pattern("ab").size


def test_a_pattern_that_cannot_be_used_is_told_to_its_sender_alone(capfd):
    for text in ("(", "((a{100}){100}){100}"):
        with pytest.raises(BadPattern):
            Pattern(text)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("text", "size"), [("", 0), ("a" * 1_000, 1_000), ("a" * 999 + "é", 4_000)])
def test_a_search_costs_by_the_bytes_of_the_text_and_the_size_of_the_pattern(text, size):
    pattern = Pattern("a{50}b")
    assert pattern.cost(text) == 1 + pattern.size * size // 200
    assert pattern.size > 50


def test_the_reason_names_what_is_wrong_with_a_pattern():
    with pytest.raises(BadPattern) as caught:
        Pattern("(")
    assert (
        str(caught.value)
        == "cannot be used (missing ): (); look-around and back-references are not supported"
    )
