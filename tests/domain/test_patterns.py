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
