"""What the log tells of code that broke down: where and how, and nothing that somebody else has said."""

from horarium.worker.breakdowns import MOST_CAUSES, places_of


def said(words):
    raise ValueError(words)


def quoting(words):
    try:
        said(words)
    except ValueError as error:
        raise RuntimeError(f"it said {words}") from error


def error_of(call, *given):
    try:
        call(*given)
    except Exception as error:
        return error


def test_the_places_and_types_of_an_error_and_of_its_cause_are_told_without_words():
    told = places_of(error_of(quoting, "s3cret"))
    assert "s3cret" not in told
    assert [line for line in told.splitlines() if not line.startswith(" ")] == ["ValueError", "RuntimeError"]
    assert "in said" in told
    assert "in quoting" in told


def test_a_long_chain_of_causes_is_told_in_part():
    error = ValueError()
    for _ in range(2 * MOST_CAUSES):
        error = _caused_by(error)
    assert len(places_of(error).splitlines()) == MOST_CAUSES


def _caused_by(error):
    later = RuntimeError()
    later.__cause__ = error
    return later


def test_no_error_has_no_places():
    assert places_of(None) is None
