"""JSON Schemas of callers: judged as the reference implementation judges, and within a budget whatever is sent."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from horarium.domain.json_schema import (
    Budget,
    TooMuchWork,
    Unresolvable,
    schema_mismatches,
    value_mismatches,
)
from horarium.domain.patterns import compiled
from horarium.service.schemas import MOST_STEPS, SIZE_LIMIT, input_problems, schema_problems

PLENTY = 10_000_000
# Seconds of CPU: several times what a budget takes on a machine that is busy, and far below what is refused took.
MOST_S = 0.6

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 0.5, 2.5, -1.0]),
    st.text("ab1", max_size=3),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=8,
)
small = st.integers(0, 3)
names = st.lists(st.text("ab", max_size=1), max_size=2, unique=True)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    by_name = st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)
    keywords = {
        "type": st.sampled_from(TYPES)
        | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "multipleOf": st.sampled_from([1, 2, 0.5, 1.0]),
        "pattern": st.sampled_from(["^a", "b$", "^(a|b)*$", "1"]),
        "uniqueItems": st.booleans(),
        "required": names,
        "dependentRequired": st.dictionaries(st.text("ab", max_size=1), names, max_size=2),
        **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), st.integers(-2, 2)),
        **dict.fromkeys(
            ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), small
        ),
        **dict.fromkeys(("maxContains", "minContains"), small),
        **dict.fromkeys(("items", "contains", "additionalProperties", "propertyNames"), inner),
        **dict.fromkeys(("not", "if", "then", "else"), inner),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), some),
        **dict.fromkeys(("properties", "dependentSchemas", "$defs"), by_name),
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#/$defs/"]),
    }
    return st.fixed_dictionaries({}, optional=keywords).map(lambda found: dict(list(found.items())[:6]))


def _some_keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Few keywords each, so that shrinking and reading stay possible."""

    @st.composite
    def drawn(draw: Any) -> Any:
        whole = draw(_schemas(inner))
        kept = draw(st.lists(st.sampled_from(sorted(whole)), max_size=4, unique=True)) if whole else []
        return {name: whole[name] for name in kept}

    return drawn()


schemas = st.recursive(st.booleans() | st.just({}), _some_keywords, max_leaves=6)


@settings(max_examples=75, deadline=None)
@given(
    root=st.fixed_dictionaries({"allOf": st.lists(schemas, min_size=1, max_size=2)}),
    a=schemas,
    b=schemas,
    value=values,
)
def test_values_are_judged_as_the_reference_implementation_judges(
    root: Any, a: Any, b: Any, value: Any
) -> None:
    schema = root | {"$defs": {"a": a, "b": b, "": True}}
    assert not schema_mismatches(schema, Budget(PLENTY))
    try:
        expected = Draft202012Validator(schema).is_valid(value)
    except RecursionError:
        return
    try:
        assert (not value_mismatches(schema, value, Budget(PLENTY))) == expected
    except TooMuchWork:  # it stops at the first mismatch, before a reference to itself
        assert not expected or "$ref" in str(schema)


# Values at the borders of types and of numbers, all of which meet all keywords of KEYWORDS.
BORDERS = [None, True, False, 0, 1, -1, 2, 3, 4, 1.0, 0.0, -0.0, 0.5, 1.5, 2.0, 3.5, 10**20, 1e20, "", "a", "ab",
           "abc", "\u00e9\u00e9", "\U0001f600", [], [1], [1, 2], [1, 2, 3], [1, 1], [1, 1.0], [0, False], [1, True],
           [[1], [1]], {}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}]  # fmt: skip
KEYWORDS: list[dict[str, Any]] = [
    *({"type": name} for name in ("null", "boolean", "integer", "number", "string", "array", "object")),
    {"type": ["integer", "null"]}, {"minimum": 2}, {"maximum": 2}, {"exclusiveMinimum": 2}, {"exclusiveMaximum": 2},
    {"multipleOf": 2}, {"multipleOf": 0.5}, {"multipleOf": 3}, {"minLength": 2}, {"maxLength": 2}, {"minItems": 2},
    {"maxItems": 2}, {"uniqueItems": True}, {"uniqueItems": False}, {"minProperties": 2}, {"maxProperties": 2},
    {"required": ["a", "b"]}, {"const": 1}, {"const": 0}, {"const": False}, {"enum": [1, "a", None]}, {"enum": [True]},
    {"const": [1]}, {"const": {"a": 1}}, {"enum": [[], [1, 2], {}, {"b": 2, "a": 1}]}, {"const": ""}, {"const": None},
    {"pattern": "^ab"}, {"contains": {"const": 1}}, {"contains": {"const": 1}, "minContains": 2},
    {"contains": {"const": 1}, "maxContains": 1}, {"contains": {"const": 9}, "minContains": 0},
    {"prefixItems": [{"const": 1}]}, {"prefixItems": [{"const": 1}], "items": False}, {"items": {"type": "integer"}},
    {"properties": {"a": {"const": 2}}},
    {"properties": {"a": True}, "additionalProperties": False}, {"additionalProperties": {"const": 1}},
    {"propertyNames": {"maxLength": 0}}, {"dependentRequired": {"a": ["b"]}}, {"dependentSchemas": {"a": False}},
    {"not": {"type": "integer"}}, {"allOf": [{"minimum": 1}, {"maximum": 1}]}, {"anyOf": [{"const": 1}, {"const": 2}]},
    {"oneOf": [{"minimum": 1}, {"maximum": 1}]}, {"if": {"type": "integer"}, "then": {"minimum": 2}},
    {"if": {"type": "integer"}, "else": {"type": "string"}},
]  # fmt: skip


@pytest.mark.parametrize("schema", KEYWORDS, ids=lambda schema: orjson.dumps(schema).decode())
def test_each_keyword_judges_each_kind_of_value_as_the_reference_implementation_does(schema: Any) -> None:
    judge = Draft202012Validator(schema)
    for value in BORDERS:
        assert (not value_mismatches(schema, value, Budget(PLENTY))) == judge.is_valid(value), value


@pytest.mark.parametrize(
    "schema",
    [
        3,
        {"type": "text"},
        {"type": []},
        {"type": ["string", "string"]},
        {"items": [{"type": "string"}]},
        {"items": 3},
        {"allOf": []},
        {"allOf": {}},
        {"anyOf": [3]},
        {"properties": []},
        {"properties": {"a": "b"}},
        {"required": "a"},
        {"required": ["a", "a"]},
        {"dependentRequired": {"a": "b"}},
        {"minLength": -1},
        {"minLength": 1.5},
        {"minimum": "1"},
        {"minimum": True},
        {"multipleOf": 0},
        {"uniqueItems": "yes"},
        {"enum": "a"},
        {"pattern": 3},
        {"pattern": "("},
        {"$ref": 3},
        {"$id": 3},
        {"title": 3},
    ],
)
def test_what_the_reference_implementation_refuses_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema(schema)
    for nested in (schema, {"properties": {"x": {"not": schema}}}, {"allOf": [{"if": schema}]}):
        assert schema_mismatches(nested, Budget(PLENTY))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "string"}}}, "x", 1),
        ({"$ref": "#number", "$defs": {"n": {"$anchor": "number", "type": "number"}}}, 1, "x"),
        (
            {
                "$id": "http://a.example/s",
                "$ref": "http://a.example/s#/$defs/n",
                "$defs": {"n": {"type": "null"}},
            },
            None,
            1,
        ),
        ({"$id": "http://a.example/s", "items": {"$ref": "/s"}, "type": "array"}, [[[]]], [[1]]),
        (
            {
                "$ref": "other",
                "$defs": {"o": {"$id": "other", "$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}},
            },
            True,
            1,
        ),
        ({"type": "object", "additionalProperties": {"$ref": "#"}}, {"a": {"b": {}}}, {"a": {"b": 1}}),
        ({"x-parts": {"n": {"type": "number"}}, "$ref": "#/x-parts/n"}, 1, "x"),
        ({"allOf": [{}, {"$ref": "#/allOf/0"}, {"type": "string"}]}, "x", 1),
        # A part with an id of its own, where nobody would look for a schema: what it refers to by # is in it.
        (
            {
                "$ref": "#/x-parts/n",
                "$defs": {"t": {"type": "string"}},
                "x-parts": {"n": {"$id": "n", "$ref": "#/$defs/t", "$defs": {"t": {"type": "number"}}}},
            },
            1,
            "x",
        ),
        ({"$id": "http://a.example/s", "type": "array", "items": {"$ref": "#"}}, [[]], [1]),
        (
            {"$ref": "#/x-parts/n", "x-parts": {"n": {"$id": "n", "type": "array", "items": {"$ref": "#"}}}},
            [[]],
            [1],
        ),
        # Of two parts with one id, and of what has the id of the whole, the outer one counts.
        (
            {
                "$id": "http://a.example/s",
                "type": "array",
                "items": {"$ref": "http://a.example/s"},
                "$defs": {"o": {"$id": "http://a.example/s", "type": "string"}},
            },
            [[]],
            ["x"],
        ),
        (
            {
                "$ref": "#%61",
                "$defs": {"n": {"$anchor": "a", "type": "number"}, "yes": True, "x": {"items": False}},
            },
            1,
            "x",
        ),
        # The id of the whole is no folder in which it stands itself.
        ({"$id": "a/b", "$ref": "c", "$defs": {"n": {"$id": "c", "type": "number"}}}, 1, "x"),
        (
            {
                "$ref": "o#a",
                "$defs": {
                    "o": {
                        "$id": "o",
                        "items": {"$anchor": "a", "$ref": "#/$defs/n"},
                        "$defs": {"n": {"type": "number"}},
                    }
                },
            },
            1,
            "x",
        ),
        ({"$ref": "o#/$defs/n", "$defs": {"o": {"$id": "o#x", "$defs": {"n": {"type": "number"}}}}}, 1, "x"),
        ({"$ref": "#/$defs/n~01", "$defs": {"n~1": {"type": "number"}}}, 1, "x"),
        ({"$ref": "#/", "": {"type": "number"}}, 1, "x"),
    ],
)
def test_references_are_followed_within_the_schema(schema: Any, good: Any, bad: Any) -> None:
    assert not schema_mismatches(schema, Budget(PLENTY))
    assert not value_mismatches(schema, good, Budget(PLENTY))
    assert value_mismatches(schema, bad, Budget(PLENTY))


def test_what_is_referred_to_is_checked_wherever_it_stands() -> None:
    (found,) = schema_mismatches({"$ref": "#/x-parts/n", "x-parts": {"n": {"type": "text"}}}, Budget(PLENTY))
    assert found.path == ("$ref", "type")


@pytest.mark.parametrize(
    "reference",
    [
        "#/nowhere",
        "#nowhere",
        "http://a.example/x",
        "#/$defs/0/1/2",
        "//[",
        "#/a~",
        "x#a",
        "#/$ref/0",
        "nowhere",
    ],
)
def test_a_reference_to_nothing_is_told(reference: str) -> None:
    with pytest.raises(Unresolvable) as caught:
        value_mismatches({"$ref": reference, "$defs": {}}, 1, Budget(PLENTY))
    assert (caught.value.reference, str(caught.value)) == (reference, reference)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": ["string", "null"]}, 3, "must be a string or null, not 3"),
        ({"enum": list(range(10))}, 10, "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, not 10"),
        ({"enum": list(range(11))}, 11, "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 ..., not 11"),
        ({"const": {"a": 1}}, 3, "must be an object"),
        ({"const": "é" * 60}, 3, 'must be "' + "é" * 60 + '"'),
        ({"const": "é" * 61}, 3, 'must be "' + "é" * 60 + '"...'),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "b": 1, "c": 1, "d": 1},
         'must not have the properties "b", "c", "d"'),
        ({"additionalProperties": False}, {"a": 1, "b": 1, "c": 1, "d": 1},
         'must not have the properties "a", "b", "c" and 1 more'),
        ({"contains": {"const": 1}, "maxContains": 1}, [1, 1],
         "must contain at least 1 and at most 1 elements of the kind asked for, not 2"),
        ({"anyOf": [{"type": "null"}]}, 1, "must be null, not 1"),
        ({"oneOf": [{"type": "null"}, False]}, 1, "fits none of the 2 schemas of which exactly one must fit"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, 'must have the property "b"'),
        ({"maximum": 3}, 4, "must be at most 3, not 4"),
        ({"exclusiveMinimum": 3}, 3, "must be above 3, not 3"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 properties, not 1"),
        ({"enum": ["a", 1, None]}, [1], 'must be one of "a", 1, null, not an array'),
        ({"const": True}, 1, "must be true"),
        ({"minimum": 3}, 2, "must be at least 3, not 2"),
        ({"exclusiveMaximum": 3}, 3, "must be below 3, not 3"),
        ({"multipleOf": 0.1}, 0.25, "must be a multiple of 0.1, not 0.25"),
        ({"maxLength": 2}, "abc", "must have at most 2 characters, not 3"),
        ({"minItems": 1}, [], "must have at least 1 elements, not 0"),
        ({"pattern": "^[0-9]+$"}, "x" * 100, f'must match the pattern "^[0-9]+$", and "{"x" * 60}"... does not'),
        ({"uniqueItems": True}, [1, {"a": 1}, 1.0], "must have no two equal elements"),
        ({"required": ["a"]}, {}, 'must have the property "a"'),
        ({"additionalProperties": False}, {"a": 1}, 'must not have the properties "a"'),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1},
         'has the property "ab", whose name must have at most 1 characters, not 2'),
        ({"contains": {"const": 1}}, [2], "must contain at least 1 elements of the kind asked for, not 0"),
        ({"anyOf": [{"type": "null"}, {"type": "array"}]}, 1, "fits none of the 2 schemas of which one must fit"),
        ({"oneOf": [{}, {}]}, 1, "fits 2 of the 2 schemas of which exactly one must fit"),
        ({"not": {}}, 1, "fits a schema that it must not fit"),
        (False, 1, "is not allowed here"),
    ],
)  # fmt: skip
def test_a_mismatch_says_what_would_be_right(schema: Any, value: Any, message: str) -> None:
    assert [one.message for one in value_mismatches(schema, value, Budget(PLENTY))] == [message]


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"type": "string", "minimum": 3}, 2, [((), "must be a string, not 2"), ((), "must be at least 3, not 2")]),
        ({"prefixItems": [{"const": 1}, {"const": 2}], "items": False}, [1, 1, 1],
         [((1,), "must be 2"), ((2,), "is not allowed here")]),
        ({"items": {"properties": {"a": {"const": 1}}}}, [{"a": 1}, {"a": 2}], [((1, "a"), "must be 1")]),
        ({"required": ["a", "b"]}, {}, [((), 'must have the property "a"'), ((), 'must have the property "b"')]),
        ({"additionalProperties": {"const": 1}, "properties": {"a": {}}}, {"a": 2, "b": 2}, [(("b",), "must be 1")]),
        ({"allOf": [{"const": 1}, {"const": 2}]}, 3, [((), "must be 1"), ((), "must be 2")]),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, [((), 'must have the property "b"')]),
        # As numbers are written in decimals, and not as the next double.
        ({"multipleOf": 10}, 1e23, []),
        ({"multipleOf": 0.1}, 3, []),
        ({"multipleOf": 0.7}, 2, [((), "must be a multiple of 0.7, not 2")]),
        ({"uniqueItems": True}, [2**63, float(2**63)], [((), "must have no two equal elements")]),
        ({"uniqueItems": True}, [-(2**63), -float(2**63)], [((), "must have no two equal elements")]),
        ({"uniqueItems": True}, [1e300, 2.5, "1", 1, 2.0**64, -(2.0**64)], []),
        ({"properties": {"a": {"const": 1}, "b": {"const": 1}}}, {"b": 2, "a": 2, "c": 2},
         [(("a",), "must be 1"), (("b",), "must be 1")]),
        ({"uniqueItems": True}, [{"a": 1, "b": [1.0]}, {"b": [1], "a": 1}], [((), "must have no two equal elements")]),
        ({"pattern": "("}, "x", [((), 'cannot be checked: the pattern "(" cannot be used (missing ): ()'
                                      "; look-around and back-references are not supported")]),
    ],
)  # fmt: skip
def test_each_mismatch_is_told_with_its_place(schema: Any, value: Any, found: Any) -> None:
    assert [(one.path, one.message) for one in value_mismatches(schema, value, Budget(PLENTY))] == found


LENGTH, NAMES = "must be a whole number, 0 or more", "must be a list of different strings"


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        (3, (), "must be a schema: an object, true or false"),
        ({"properties": {"a": 3}}, ("properties", "a"), "must be a schema: an object, true or false"),
        ({"anyOf": [{}, {"$dynamicRef": "#"}]}, ("anyOf", 1), "uses $dynamicRef, which is not supported here"),
        ({"not": {"maxLength": -1}}, ("not", "maxLength"), LENGTH),
        ({"minContains": 0.5}, ("minContains",), LENGTH),
        *(
            ({"type": names}, ("type",), f"must be one of {', '.join(TYPES)}, or a list of different ones")
            for names in ("text", [], ["string", "text"], ["string", 1], ["string", "null", "string"], [*TYPES, "text"])
        ),
        ({"multipleOf": -1}, ("multipleOf",), "must be a number above 0"),
        ({"allOf": []}, ("allOf",), "must be a list of schemas that is not empty"),
        ({"anyOf": {"a": {}}}, ("anyOf",), "must be a list of schemas that is not empty"),
        ({"oneOf": "a"}, ("oneOf",), "must be a list of schemas that is not empty"),
        ({"required": ["a", 1]}, ("required",), NAMES),
        ({"dependentRequired": {"a": ["b"], "c": ["b", "b"]}}, ("dependentRequired",),
         "must be an object of lists of different strings"),
        ({"dependentRequired": []}, ("dependentRequired",), "must be an object of lists of different strings"),
        ({"$defs": []}, ("$defs",), "must be an object of schemas"),
        ({"exclusiveMaximum": None}, ("exclusiveMaximum",), "must be a number"),
        ({"$comment": 1}, ("$comment",), "must be a string"),
        ({"readOnly": 1}, ("readOnly",), "must be true or false"),
        ({"examples": {}}, ("examples",), "must be a list"),
        ({"pattern": "("}, ("pattern",),
         'has the pattern "(", which cannot be used (missing ): (); look-around and back-references are not supported'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_schema_is_told_with_its_place(schema: Any, path: Any, message: str) -> None:
    assert schema_mismatches(schema, Budget(PLENTY)) == [(path, message)]


@pytest.mark.parametrize(
    "schema",
    [True, False, {"minLength": 0}, {"maxItems": 2.0}, {"multipleOf": 0.5}, {"required": []}, {"type": TYPES},
     {"uniqueItems": False}, {"enum": []}, {"dependentRequired": {}}, {"$defs": {}}, {"unknown": 3}],
    ids=str,
)  # fmt: skip
def test_nothing_is_wrong_with_a_schema_at_the_borders_of_what_keywords_take(schema: Any) -> None:
    assert not schema_mismatches(schema, Budget(PLENTY))


# What a check costs: a step for a schema and for each of its keywords, and what each keyword looks at.
COSTS: list[tuple[Any, Any, int]] = [
    (True, 1, 0), (False, 1, 0), ({}, 1, 1), ({"title": "x", "unknown": 1}, 1, 3),
    ({"type": "string"}, "x", 2), ({"type": "string"}, 1, 12), ({"const": 1}, 1, 3),
    ({"const": "x" * 1_000}, "x" * 1_000, 5), ({"const": [1, 2, 3]}, [1, 2, 3], 6),
    ({"const": {"a": 1, "b": 2}}, {"a": 1, "b": 2}, 7), ({"const": {"a": 1, "b": 2}}, {"a": 1}, 15),
    ({"enum": [1, 2, 3]}, 3, 5), ({"enum": [1, 2, 3]}, 4, 15),
    ({"multipleOf": 2}, 4, 2), ({"multipleOf": 0.5}, 4, 12), ({"multipleOf": 2}, 4.0, 12),
    ({"uniqueItems": True}, [1, 2, 3], 11), ({"uniqueItems": True}, ["x" * 1_000, {"a": [1]}], 12),
    ({"uniqueItems": False}, [1, 1], 2), ({"items": {}}, [1, 2, 3], 8), ({"items": True}, [1, 2, 3], 5),
    ({"prefixItems": [True], "items": True}, [1, 2, 3], 6), ({"prefixItems": [{}, {}]}, [1], 4),
    ({"prefixItems": [{}, {}], "items": True}, [1], 5), ({"contains": {}}, [1, 2, 3], 8),
    ({"properties": {"a": {}, "b": {}}}, {"a": 1}, 4), ({"properties": {"a": {}}}, {"a": 1, "b": 1}, 4),
    ({"additionalProperties": True}, {"a": 1, "b": 2}, 4), ({"additionalProperties": {}}, {"a": 1, "b": 2}, 6),
    ({"propertyNames": {}}, {"a": 1, "b": 2}, 6), ({"required": ["a", "b"]}, {"a": 1}, 14),
    ({"dependentRequired": {"a": ["b", "c"], "x": ["b"]}}, {"a": 1}, 26),
    ({"dependentSchemas": {"a": {}, "x": {}}}, {"a": 1}, 5), ({"allOf": [{}, {}]}, 1, 6),
    ({"anyOf": [False, {}, {}]}, 1, 5), ({"oneOf": [False, {}]}, 1, 5), ({"not": {"type": "string"}}, 1, 14),
    ({"if": {}, "then": {}}, 1, 5), ({"$ref": "#/$defs/a", "$defs": {"a": {}}}, 1, 15),
    ({"$ref": "#a", "$defs": {"b": {"$anchor": "a"}}}, 1, 20),
    ({"items": {"$id": "a" * 50}}, [1], 2 + 1 + 2 + 10 + 10), ({"$id": "a" * 50}, 1, 2),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "steps"), COSTS, ids=lambda part: str(part)[:60])
def test_a_check_costs_what_it_looks_at_and_is_given_up_where_that_is_a_step_more(
    schema: Any, value: Any, steps: int
) -> None:
    budget = Budget(PLENTY)
    value_mismatches(schema, value, budget)
    assert PLENTY - budget.left == steps
    value_mismatches(schema, value, Budget(steps))
    if steps:
        with pytest.raises(TooMuchWork):
            value_mismatches(schema, value, Budget(steps - 1))


@pytest.mark.parametrize(
    ("schema", "steps"),
    [
        (True, 0), ({}, 1), ({"type": "string"}, 2), ({"properties": {"a": {}, "b": {}}}, 4), ({"pattern": "("}, 5_002),
        ({"required": ["a", "b"]}, 4), ({"dependentRequired": {"a": ["b", "c"]}}, 4),
        ({"$ref": "#/$defs/a", "$defs": {"a": {}}}, 15), ({"items": {"$id": "abcdefghij"}}, 16),
        ({"$ref": "#a", "$defs": {"b": {"$anchor": "a"}}}, 20),
    ],
    ids=str,
)  # fmt: skip
def test_to_check_a_schema_costs_what_it_holds_and_each_part_once(schema: Any, steps: int) -> None:
    budget = Budget(PLENTY)
    schema_mismatches(schema, budget)
    assert PLENTY - budget.left == steps


def test_a_pattern_is_compiled_once_and_charged_for_each_text() -> None:
    def cost(texts: list[str]) -> int:
        budget = Budget(PLENTY)
        value_mismatches({"items": {"pattern": "^a+$"}}, texts, budget)
        return PLENTY - budget.left

    assert cost([]) == 2
    assert cost(["a"]) == 2 + 1 + 2 + 50 + compiled("^a+$").size + compiled("^a+$").cost("a")
    once, more, long = cost(["a"]), cost(["a", "a"]), cost(["a" * 4_000])
    assert once > 50
    assert more - once < 10
    assert long - once > 50


@pytest.mark.parametrize(("levels", "fits"), [(150, True), (151, False)])
def test_schemas_are_applied_inside_each_other_up_to_a_depth(levels: int, fits: bool) -> None:
    schema: Any = {}
    for _ in range(levels):
        schema = {"allOf": [schema]}
    if fits:
        assert not value_mismatches(schema, 1, Budget(PLENTY))
    else:
        with pytest.raises(TooMuchWork):
            value_mismatches(schema, 1, Budget(PLENTY))


def _referring(count: int, wanted: Any) -> dict[str, Any]:
    return {"$defs": {"s": wanted}, "allOf": [{"$ref": "#/$defs/s"}] * count}


def _doubling(depth: int) -> dict[str, Any]:
    defs: dict[str, Any] = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/0", "$defs": defs | {str(depth): {}}}


NUMBERS = list(range(400_000))
KEYS = {f"k{n}": n for n in range(5_000)}
DEEP: Any = []
for _ in range(95):
    DEEP = [DEEP, DEEP]  # shared, so that it stays small; walked, it is not
WORST: dict[str, tuple[Any, Any]] = {
    "uniqueItems in allOf": ({"allOf": [{"uniqueItems": True}] * 150}, NUMBERS),
    "uniqueItems of long texts": (_referring(3_000, {"uniqueItems": True}), ["x" * 2_000_000, "y" * 2_000_000]),
    "uniqueItems under many references": (
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}] * 30}, "b": {"allOf": [{"uniqueItems": True}] * 30}},
         "$ref": "#/$defs/a"}, NUMBERS,
    ),
    "branches that all fail": ({"anyOf": [{"type": "string"}] * 3_000}, NUMBERS),
    "branches with long lists": (_referring(3_000, {"enum": list(range(10_000))}), NUMBERS),
    "equal objects but for the last": (_referring(500, {"const": KEYS}), KEYS | {"k4999": 0}),
    "equal keys": (_referring(500, {"const": KEYS}), KEYS | {"k0": 1}),
    "equal texts": (_referring(500, {"enum": ["x" * 50_000 + "y"]}), "x" * 50_001),
    "a wide enum": ({"items": {"enum": ["x" * 60 + str(n) for n in range(500)]}}, ["z"] * 100_000),
    "a pattern of many states": ({"pattern": "(a?){999}a{999}"}, "ab" * 1_000_000),
    "a pattern on many texts": ({"items": {"pattern": "(a?){99}a{99}"}}, ["ab" * 300] * 5_000),
    "more patterns than are kept": (
        {"items": {"allOf": [{"pattern": f"^[0-9]{{{n}}}$"} for n in range(1, 300)]}}, ["1"] * 10_000,
    ),
    "a pattern on names": ({"propertyNames": {"pattern": "(x+x+)+y"}}, {f"x{n}" * 20: 1 for n in range(30_000)}),
    "contains": ({"contains": {"not": {}}}, NUMBERS),
    "additional properties": ({"additionalProperties": False}, {str(n): 1 for n in range(200_000)}),
    "required names": (_referring(200, {"required": [f"n{n}" for n in range(6_000)]}), {}),
    "dependent names": (
        _referring(200, {"dependentRequired": {"a": [f"n{n}" for n in range(6_000)]}}), {"a": 1},
    ),
    "multiples of decimals": ({"items": {"multipleOf": 1e-300}}, [1.7e308] * 100_000),
    "a long $id": ({"items": {"$id": "a/" * 20_000, "type": "string"}}, NUMBERS),
    "a long reference": (_referring(1, {}) | {"items": {"$ref": "#/" + "%41" * 15_000}}, NUMBERS),
    "many schemas for each property": ({"additionalProperties": {"oneOf": [{}] * 5_000}}, KEYS),
    "unknown keywords": ({"items": {f"x{n}": 1 for n in range(5_000)}}, NUMBERS),
    "references that double": (_doubling(40), 1),
    "a reference to itself": ({"$ref": "#"}, 1),
    "a reference to itself for each element": ({"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, DEEP),
    "a deep constant": ({"const": DEEP}, DEEP),
}  # fmt: skip


@pytest.mark.parametrize("what", WORST)
def test_no_schema_and_no_input_hold_the_server(what: str) -> None:
    schema, value = WORST[what]
    before = time.thread_time()
    found = input_problems(schema, value, "input")
    assert time.thread_time() - before < MOST_S
    assert found


def _large(part: Any, words: str = "allOf") -> dict[str, Any]:
    """As many copies of a schema as a schema may hold."""
    return {words: [part] * ((SIZE_LIMIT - 100) // (len(orjson.dumps(part)) + 1))}


WORST_SCHEMAS: dict[str, Any] = {
    "many large patterns": {"allOf": [{"pattern": f"\\w{{{n}}}"} for n in range(400, 1_000)]},
    "patterns of large classes": {"allOf": [{"pattern": f"[\\p{{L}}]{{{n}}}"} for n in range(1, 1_000)]},
    "small patterns": {"allOf": [{"pattern": f"{n}"} for n in range(2_500)]},
    "long references": {"allOf": [{"$ref": "#/" + "%41" * 1_000 + str(n)} for n in range(20)]},
    "ids": {"allOf": [{"$id": f"a{n}/../", "$ref": "b"} for n in range(2_000)]},
    "empty schemas": _large({}),
    "references to the same": _large({"$ref": "#"}),
    "references into the depth": {"$defs": {"a": {"not": {"not": {}}}}}
    | _large({"$ref": "#/$defs/a/not/not"}),
}


@pytest.mark.parametrize("what", WORST_SCHEMAS)
def test_no_schema_holds_the_server_when_it_is_given(what: str) -> None:
    before = time.thread_time()
    schema_problems(WORST_SCHEMAS[what], "input_schema")
    assert time.thread_time() - before < MOST_S


def test_a_budget_is_told_when_it_is_passed() -> None:
    (problem,) = input_problems({"items": {"type": "number"}}, NUMBERS, "input")
    assert f"more than {MOST_STEPS} steps" in problem.message
    with pytest.raises(TooMuchWork):
        value_mismatches({"items": {"type": "number"}}, [1] * 100, Budget(100))
    assert not value_mismatches({"items": {"type": "number"}}, [1] * 100, Budget(1_000))


def test_an_ordinary_input_of_five_thousand_rows_is_within_the_budget() -> None:
    row = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
    }
    rows = [{"id": n, "name": "x"} for n in range(5_000)]
    assert input_problems({"type": "array", "items": row}, rows, "input") == []


@pytest.mark.parametrize(
    ("value", "fields"), [({"b": 1}, []), ({"a": 1}, ["a"]), ({"a": 1, "b": 1, "c": 1}, ["a"]), ({}, [])]
)
def test_properties_hold_for_those_alone_that_are_there(value, fields):
    schema = {"properties": {"a": {"type": "string"}, "c": {"type": "number"}}}
    found = value_mismatches(schema, value, Budget(PLENTY))
    assert [wrong.path[0] for wrong in found] == fields


@pytest.mark.parametrize("argument", ["2", True, None, [2], 0, -1])
def test_a_multiple_is_of_a_number_above_0(argument):
    (wrong,) = schema_mismatches({"multipleOf": argument}, Budget(PLENTY))
    assert wrong.message == "must be a number above 0"
