"""What the log tells of code that broke down: where and how, and nothing that somebody else has said."""

from codecs import decode

import pytest

from horarium.service.breakdowns import MOST_CAUSES, is_of_library, places_of


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


def raised_in_place_of_another(told):
    try:
        said("s3cret")
    except ValueError:
        if told:
            raise RuntimeError("s3cret")  # noqa: B904
        raise RuntimeError("s3cret") from None


@pytest.mark.parametrize(
    ("told", "types"), [(True, ["ValueError", "RuntimeError"]), (False, ["RuntimeError"])]
)
def test_the_error_before_another_is_told_unless_the_code_has_said_that_it_does_not_matter(told, types):
    lines = places_of(error_of(raised_in_place_of_another, told)).splitlines()
    assert [line for line in lines if not line.startswith(" ")] == types


def test_no_error_has_no_places():
    assert places_of(None) is None


def in_ours(call):
    """Calls something as a module of ours does."""
    code = compile("def calls(call): call()\ndef breaks(): raise KeyError", "ours.py", "exec")
    ours = {"__name__": "horarium.somewhere"}
    exec(code, ours)
    ours["calls"](ours["breaks"] if call is None else call)


def in_a_library():
    decode(b"\xff", "ascii")


def test_an_error_is_of_the_library_that_has_called_what_raised_it():
    assert is_of_library(error_of(in_ours, in_a_library))
    assert is_of_library(error_of(in_ours, lambda: quoting("words")))


def test_an_error_of_our_own_is_of_no_library_whoever_has_called_us_or_wrapped_it():
    def wrapping():
        try:
            in_ours(None)
        except KeyError as error:
            raise RuntimeError from error

    assert not is_of_library(error_of(in_ours, None))
    assert not is_of_library(error_of(in_ours, wrapping))
    assert not is_of_library(KeyError())
