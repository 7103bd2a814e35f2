"""What of a person is found in texts, and what is left alone."""

import json

import pytest

from horarium.domain.erasures import ERASED, Person, person_hash, person_problems, telling, values_in

ANN = Person("u42").with_values(["ann@example.com", "Ann Müller"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the mailbox ANN@example.com is full", f"the mailbox {ERASED} is full"),
        ("user u42 is unknown", f"user {ERASED} is unknown"),
        ("user u421, xu42, u42-b and a@u42 are others", "user u421, xu42, u42-b and a@u42 are others"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_plain_texts_lose_the_id_as_a_word_and_values_anywhere(text, left):
    assert ANN.erased_from(text) == left


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"user": "u42", "n": 42}, {"user": ERASED, "n": 42}),
        ({"u42": [1, "u42"]}, {ERASED: [1, ERASED]}),
        ({"to": "Ann <ann@example.com>"}, {"to": f"Ann <{ERASED}>"}),
        ({"name": "ann müller"}, {"name": ERASED}),
        (["u421", "u42x"], ["u421", "u42x"]),
        ("u42", ERASED),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_stays_json_and_loses_the_person(value, left, ascii_only):
    assert json.loads(ANN.erased_from(json.dumps(value, ensure_ascii=ascii_only))) == left


def test_numbers_of_json_keep_all_their_digits():
    text = '{"n":12345678901234567890.1234567890,"user":"u42"}'
    assert ANN.erased_from(text) == f'{{"n":12345678901234567890.1234567890,"user":"{ERASED}"}}'


def test_what_is_erased_twice_is_erased_once():
    once = ANN.erased_from('{"to":"ann@example.com"}')
    assert ANN.erased_from(once) == once
    assert ANN.erased_from(None) is None


def test_texts_that_only_begin_like_json_lose_the_person_all_the_same():
    assert (
        ANN.erased_from(
            '{"error": "no ann@example.com',
        )
        == f'{{"error": "no {ERASED}'
    )
    assert "ann@" not in ANN.erased_from('["\\ud800 ann@example.com"]')


def test_an_error_that_repeats_a_value_of_the_row_is_a_value_itself():
    values = values_in({"id": 7, "mail": "ann@example.com", "more": [{"city": "Ulm an der Donau"}]})
    assert values == ["ann@example.com", "Ulm an der Donau"]
    errors = ["HTTP 500", "no house in ULM AN DER DONAU", None]
    assert telling(errors, values) == ["no house in ULM AN DER DONAU"]


def test_values_that_would_match_by_accident_are_refused():
    assert person_problems("u42", ["ann@example.com"]) == []
    assert [each.field for each in person_problems("", ["abc"])] == ["person", "values"]
    assert [each.field for each in person_problems("u", ["abcd"] * 51)] == ["values"]


def test_a_hash_tells_the_person_only_to_who_knows_it():
    assert person_hash(b"a" * 16, "u42") == person_hash(b"a" * 16, "u42")
    assert (
        len({person_hash(b"a" * 16, "u42"), person_hash(b"b" * 16, "u42"), person_hash(b"a" * 16, "u43")})
        == 3
    )
