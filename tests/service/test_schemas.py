"""Schemas of callers: applied fully, and never a danger to the server."""

import time

import pytest

from horarium.service.schemas import input_problems, schema_problems


def test_every_problem_of_an_input_names_its_place():
    schema = {"type": "object", "required": ["a"], "properties": {"b": {"items": {"type": "integer"}}}}
    found = input_problems(schema, {"b": [1, "x"]}, "input")
    assert {problem.field for problem in found} == {"input", "input.b.1"}


@pytest.mark.parametrize(
    "schema",
    [
        "text",
        {"type": "nonsense"},
        {"pattern": "(?=x)"},
        {"properties": {"x": {"patternProperties": {"(a+)+$": {}}}}},
        {"x": "y" * 100_000},
    ],
)
def test_what_is_no_usable_schema_is_refused(schema):
    assert schema_problems(schema, "input_schema")


def test_a_property_may_be_called_like_an_unsupported_keyword():
    assert schema_problems({"properties": {"patternProperties": {"type": "string"}}}, "s") == []


def test_a_greedy_pattern_takes_no_time():
    before = time.process_time()
    assert input_problems({"pattern": "^(a+)+$"}, "a" * 5_000 + "b", "input")
    assert time.process_time() - before < 1


def test_a_schema_that_refers_to_itself_is_stopped():
    doubled = {"$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(40)}}
    doubled["$defs"]["40"] = {}
    doubled["$ref"] = "#/$defs/0"
    endless = {"$ref": "#"}
    for schema in (doubled, endless):
        (problem,) = input_problems(schema, 1, "input")
        assert "more than 100000 steps" in problem.message


def test_nothing_is_fetched_for_a_reference():
    (problem,) = input_problems({"$ref": "http://127.0.0.1:9/schema"}, 1, "input")
    assert "does not hold" in problem.message


def test_uniqueness_is_judged_in_one_pass():
    many = [{"n": n} for n in range(20_000)]
    before = time.process_time()
    assert input_problems({"uniqueItems": True}, many, "input") == []
    assert input_problems({"uniqueItems": True}, [*many, {"n": 1}], "input")
    assert time.process_time() - before < 2
