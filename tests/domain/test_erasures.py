"""What of a person is found in texts, and what is left alone."""

import json
import time
import tracemalloc

import pytest

from horarium.domain.erasures import (
    ERASED,
    LONGEST_ID,
    LONGEST_VALUE,
    MOST_KNOWN,
    MOST_TELLING,
    MOST_VALUES,
    SHORTEST_VALUE,
    Content,
    Erasure,
    Person,
    look_again_ms,
    person_hash,
    person_problems,
    telling,
    values_in,
)
from horarium.domain.ids import random_id

ANN = Person("u42").with_values(["ann@example.com", "Ann Müller"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the mailbox ANN@example.com is full", f"the mailbox {ERASED} is full"),
        ("user u42 is unknown", f"user {ERASED} is unknown"),
        ("user u421, xu42, u42-b and a@u42 are others", "user u421, xu42, u42-b and a@u42 are others"),
        ("nothing of it", "nothing of it"),
        ("[u42] asked", f"[{ERASED}] asked"),
        ("{u42} note", f"{{{ERASED}}} note"),
        ('"u42" is unknown', f'"{ERASED}" is unknown'),
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
    assert json.loads(ANN.erased_from(json.dumps(value, ensure_ascii=ascii_only), Content.JSON)) == left


def test_numbers_of_json_keep_all_their_digits():
    text = '{"n":12345678901234567890.1234567890,"user":"u42"}'
    left = f'{{"n":12345678901234567890.1234567890,"user":"{ERASED}"}}'
    assert ANN.erased_from(text, Content.JSON) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"user_id":1042,"n":10421,"x":1.1042}', f'{{"user_id":"{ERASED}","n":10421,"x":1.1042}}'),
        ('{"phone":4955501997733}', f'{{"phone":"{ERASED}"}}'),
        ("1042", f'"{ERASED}"'),
        ('{"1042":[1042,"1042"]}', f'{{"{ERASED}":["{ERASED}","{ERASED}"]}}'),
    ],
)
def test_a_number_in_the_json_of_callers_that_is_the_person_is_erased(text, left):
    whom = Person("1042").with_values(["55501997733"])
    assert whom.erased_from(text, Content.JSON) == left
    json.loads(left)


def test_numbers_that_the_server_writes_are_no_persons():
    text = '{"number":1042,"error":"no user 1042"}'
    assert (
        Person("1042").erased_from(text, Content.OWN_JSON) == f'{{"number":1042,"error":"no user {ERASED}"}}'
    )


def test_an_id_of_a_few_digits_erases_no_numbers_of_json():
    assert (
        Person("42").erased_from('{"hour":42,"user":"42"}', Content.JSON)
        == f'{{"hour":42,"user":"{ERASED}"}}'
    )


def test_a_value_that_looks_like_the_marks_of_json_leaves_it_json():
    whom = Person("u42").with_values(['","', '": "'])
    text = '{"a": "b","c": ["d","e"]}'
    assert whom.erased_from(text, Content.JSON) == text


@pytest.mark.parametrize(
    "text", ['{"street":"STRASSE 12"}', '{"street":"stra\\u00dfe 12"}', '{"street":"straße 12","ü":1}']
)
def test_upper_and_lower_case_are_the_same_in_every_script_and_behind_escapes(text):
    whom = Person("u42").with_values(["Straße 12"])
    assert json.loads(whom.erased_from(text, Content.JSON))["street"] == ERASED


@pytest.mark.parametrize(
    ("letters", "others"),
    [
        ("sum", "\u017fUM"),
        ("\u03c3\u03b1\u03c2", "\u03a3\u0391\u03a3"),
        ("izmir", "\u0130ZM\u0131R"),
        ("\u00b5", "\u039c"),
        ("kelvin", "\u212aELVIN"),
    ],
)
def test_letters_that_are_the_same_but_for_their_case_are_found_whatever_stands_around_them(letters, others):
    whom = Person("u42").with_values([f"{letters} 12"])
    for around in ("", "\u00df", "\ufb01\u0149", "\0\1\2"):
        assert whom.erased_from(f"{around} {others} 12{around}") == f"{around} {ERASED}{around}"


def test_values_beside_each_other_and_within_each_other_are_erased_each():
    whom = Person("u42").with_values(["1234", "123456", "ab\0cd"])
    assert whom.erased_from("12341234 1234567 u42") == f"{ERASED}{ERASED} {ERASED}7 {ERASED}"
    assert whom.erased_from('["12341234", "u42u42"]', Content.JSON) == f'["{ERASED}{ERASED}", "u42u42"]'


def test_a_long_id_is_found_where_it_stands_alone():
    whom = Person("a b " * 100 + "a")
    text = f"{'a b ' * 50} {whom.id} {whom.id}b {whom.id}"
    assert whom.erased_from(text) == f"{'a b ' * 50} {ERASED} {whom.id}b {ERASED}"


HARD = {
    "almost a value over and over": (["a" * length + "x" for length in range(440, 490)], "a" * 300_000),
    "letters of many values": ([f"{number:03d}-anna" for number in range(MOST_KNOWN)], "012-ann " * 40_000),
    "values alone": ([f"{number:03d}-anna" for number in range(50)], '","'.join(["012-anna"] * 20_000)),
}


@pytest.mark.parametrize("case", HARD)
def test_a_person_is_taken_out_of_a_long_text_in_little_time_however_it_is_written(case):
    values, text = HARD[case]
    whom = Person("a " * 400 + "b").with_values(values)
    for given in (text, f'["\\n{text}"]'):
        begun = time.thread_time()
        whom.erased_from(given, Content.JSON)
        assert time.thread_time() - begun < 0.5


def test_escapes_in_a_long_text_take_no_memory_for_each_of_its_letters():
    text = f'["\\n{"a" * 1_000_000}"]'
    tracemalloc.start()
    try:
        assert ANN.erased_from(text, Content.JSON) == text
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_what_is_erased_twice_is_erased_once():
    once = ANN.erased_from('{"to":"ann@example.com"}', Content.JSON)
    assert ANN.erased_from(once, Content.JSON) == once
    assert ANN.erased_from(None) is None


def test_what_should_be_json_and_is_none_loses_the_person_all_the_same():
    left = ANN.erased_from('{"error": "no ann@example.com, u42', Content.JSON)
    assert left == f'{{"error": "no {ERASED}, {ERASED}'
    for half in ("d800", "dbff", "dc00", "dfff"):
        left = ANN.erased_from(f'["\\u{half} ann@example.com"]', Content.JSON)
        assert left.lower() == f'["\\u{half} {ERASED}"]'
    for letter in ("\ud7ff", "\ue000"):
        assert ANN.erased_from(f'["{letter} ann@example.com"]', Content.JSON) == f'["{letter} {ERASED}"]'


def test_a_row_key_that_is_a_value_is_the_persons_own():
    assert [name for name in ("U42", "Ann@example.com", "u421", "to ann@example.com") if ANN.owns(name)] == [
        "U42",
        "Ann@example.com",
    ]


def test_an_id_that_names_the_person_becomes_another_one_and_always_the_same():
    one, two = ANN.renamed("deal of ann@example.com", b"salt"), ANN.renamed("task/u42", b"salt")
    assert one != two
    assert one.startswith("erased-")
    assert ANN.renamed("deal of ann@example.com", b"salt") == one
    assert (ANN.renamed("d1", b"salt"), ANN.renamed(None, b"salt")) == ("d1", None)


def test_an_error_that_repeats_a_value_of_the_row_is_a_value_itself():
    values = values_in({"id": 7, "mail": "ann@example.com", "more": [{"city": "Ulm an der Donau"}]})
    assert values == ["ann@example.com", "Ulm an der Donau"]
    errors = ["HTTP 500", "no house in ULM AN DER DONAU", None]
    assert telling(errors, values) == ["no house in ULM AN DER DONAU"]


def test_errors_are_compared_with_a_number_of_values():
    values = [f"value {number:04d}." for number in range(2 * MOST_TELLING)]
    told = telling([f"no {value}" for value in values] * 2, values * 2)
    assert told == [f"no {value}" for value in values[:MOST_TELLING]]


@pytest.mark.parametrize(
    ("length", "kept"),
    [(SHORTEST_VALUE - 1, 0), (SHORTEST_VALUE, 1), (LONGEST_VALUE, 1), (LONGEST_VALUE + 1, 0)],
)
def test_what_is_found_of_a_person_is_looked_for_where_it_is_neither_too_short_nor_too_long(length, kept):
    found = "v" * length
    assert Person("u42").with_values([found]).values == (found,) * kept
    assert telling([f"no {found}"], [found]) == [f"no {found}"] * kept


def test_no_more_than_so_many_values_of_a_person_are_looked_for_and_never_what_stands_for_erased_ones():
    found = [f"value {n}" for n in range(MOST_KNOWN)]
    assert Person("u42", ("mine", "more")).with_values([ERASED, "more", *found]).values == (
        "mine",
        "more",
        *found[: MOST_KNOWN - 2],
    )


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


@pytest.mark.parametrize(
    ("lasts_ms", "wait_ms"),
    [(0, 2_000), (20_000, 2_000), (60_000, 6_000), (3_600_000, 360_000), (86_400_000, 600_000)],
)
def test_the_longer_an_erasure_waits_the_more_rarely_it_looks_however_lately_it_has_looked(lasts_ms, wait_ms):
    begun, now = 1_000_000, 1_000_000 + lasts_ms
    erasure = Erasure(random_id(1), random_id(2), b"", b"", random_id(3), begun, now, ANN)
    assert look_again_ms(erasure, now) == now + wait_ms


@pytest.mark.parametrize(
    ("person", "values", "wrong"),
    [
        ("u" * LONGEST_ID, [], []),
        ("u" * (LONGEST_ID + 1), [], ["person"]),
        ("u", [], []),
        ("", [], ["person"]),
        ("u", ["v" * SHORTEST_VALUE] * MOST_VALUES, []),
        ("u", ["v" * SHORTEST_VALUE] * (MOST_VALUES + 1), ["values"]),
        ("u", ["v" * (SHORTEST_VALUE - 1)] * 3, ["values"]),
        ("u", ["v" * LONGEST_VALUE], []),
        ("u", ["v" * (LONGEST_VALUE + 1)], ["values"]),
    ],
)
def test_how_long_and_how_many_the_things_may_be_that_are_looked_for(person, values, wrong):
    assert [problem.field for problem in person_problems(person, values)] == wrong
