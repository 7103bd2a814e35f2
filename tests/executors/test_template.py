from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from horarium.executors.template import (
    MAX_FILLED,
    Filling,
    TemplateError,
    check_template,
    compile_text,
    compile_value,
    has_placeholder,
)

VALUES: dict[str, Any] = {
    "run": {"id": "run_1"},
    "schedule": None,
    "slot": "2026-03-08T13:00:00Z",
    "missed": None,
    "input": {
        "n": 3,
        "ok": True,
        "none": None,
        "text": "a {{ secrets.T }} b",
        "list": [{"x": 1}],
        "with space": 1,
    },
    "row": None,
    "secrets": {"T": "hush"},
    "environment": {},
}


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ input.n }}", 3),
        ("{{input.n}}", 3),
        ("{{ input.ok }}", True),
        ("{{ input.none }}", None),
        ("{{ input.list }}", [{"x": 1}]),
        ("{{ input.list.0.x }}", 1),
        ("{{ input.with space }}", 1),
        ("{{ schedule.name }}", None),
        ("{{ missed.count }}", None),
        ("n={{ input.n }}!", "n=3!"),
        ("{{ input.n }}{{ input.ok }}", "3true"),
        ("<{{ input.none }}>", "<>"),
        ("<{{ input.list }}>", '<[{"x":1}]>'),
        ("no placeholder } {", "no placeholder } {"),
        (
            {"a": ["{{ input.n }}", {"b": "{{ slot }}"}], "c": 1},
            {"a": [3, {"b": "2026-03-08T13:00:00Z"}], "c": 1},
        ),
        (7, 7),
        (None, None),
    ],
)
def test_placeholders_become_values(template: Any, result: Any) -> None:
    assert compile_value(template)(VALUES) == result


def test_what_a_value_holds_is_never_expanded_again() -> None:
    assert compile_value("{{ input.text }}")(VALUES) == "a {{ secrets.T }} b"
    assert compile_text("<{{ input.text }}>")(VALUES) == "<a {{ secrets.T }} b>"


@pytest.mark.parametrize(
    "path",
    [
        "input.missing",
        "input.n.deeper",
        "row.email",
        "input.list.1",
        "input.list.-1",
        "input.list.x",
        "environment.NO",
        "input.list.99999999999999999999",
    ],
)
def test_a_value_that_the_run_does_not_have_is_an_error_that_names_it(path: str) -> None:
    with pytest.raises(TemplateError, match="does not have") as caught:
        compile_value(f"{{{{ {path} }}}}")(VALUES)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ input.n }}",
        "{{ row.x.y }}",
        "{{ secrets.T }}",
        "{{ run.id }} {{ missed.count }}",
        ["{{ input }}"],
        {"a": {"b": "{{ environment.X }}"}},
        "plain",
        5,
        None,
        "{{ callback.token }}",
        "}} {",
    ],
)
def test_known_paths_pass(template: Any) -> None:
    assert check_template(template, "body", ["T"]) == []


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ("{{ inputs.x }}", "body"),
        ("{{ }}", "body"),
        ("{{ run.secret }}", "body"),
        ("{{ run.id.x }}", "body"),
        ("{{ slot.x }}", "body"),
        ("{{ secrets.OTHER }}", "body"),
        ("{{ secrets }}", "body"),
        ("{{ secrets.T.x }}", "body"),
        ("{{ input..x }}", "body"),
        ("{{ input.x", "body"),
        ("{{ input.__class__ | attr }} {{ config }}", "body"),
        ({"a": ["ok", "{{ nope }}"]}, "body.a.1"),
        ({"{{ input.x }}": 1}, "body.{{ input.x }}"),
    ],
)
def test_unknown_paths_are_refused_where_they_stand(template: Any, field: str) -> None:
    assert [problem.field for problem in check_template(template, "body", ["T"])] == [field]


def test_every_problem_is_reported() -> None:
    assert len(check_template({"a": "{{ x }} {{ y }}", "b": "{{ z }}"}, "body")) == 3


def nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = "{{ input.x }}"
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_templates_are_nested_as_deeply_as_a_bound_and_no_deeper(wrap: Callable[[Any], Any]) -> None:
    assert check_template(nested(50, wrap), "body") == []
    (problem,) = check_template(nested(51, wrap), "body")
    assert problem.message == "is nested more than 50 levels deep"


INPUT = "{{ input.x }}"


@pytest.mark.parametrize(
    ("most", "over", "said"),
    [
        (
            INPUT + "x" * (2**20 - 13),
            INPUT + "x" * (2**20 - 12),
            "has a text of more than 1048576 characters",
        ),
        ([0] * 49_999, [0] * 50_000, "has more than 50000 values"),
        (dict.fromkeys(map(str, range(49_999))), [[0] * 49_999], "has more than 50000 values"),
        (INPUT * 1_000, INPUT * 1_001, "has more than 1000 placeholders"),
        ([INPUT] * 1_000, [INPUT] * 1_001, "has more than 1000 placeholders"),
        (
            "{{ input." + "x" * 494 + " }}",
            "{{ input." + "x" * 495 + " }}",
            "has a placeholder of more than 500 characters",
        ),
    ],
)
def test_a_template_is_as_large_as_its_bounds_and_no_larger(most: Any, over: Any, said: str) -> None:
    assert check_template(most, "body") == []
    assert [(one.field, one.message) for one in check_template(over, "body")] == [("body", said)]


def test_of_very_many_problems_the_first_twenty_are_told() -> None:
    assert len(check_template("{{ x }}" * 20, "body")) == 20
    assert len(check_template("{{ x }}" * 21, "body")) == 20


def test_inserted_text_is_escaped_and_the_template_is_not() -> None:
    assert compile_text("/a/{{ input.text }}", lambda text: "X" * len(text))(VALUES) == "/a/" + "X" * 19


def test_whoever_changes_what_was_filled_in_changes_nothing_for_the_next() -> None:
    render = compile_value({"fixed": [1], "filled": "{{ input.n }}"})
    render(VALUES)["fixed"].append(2)
    assert render(VALUES) == {"fixed": [1], "filled": 3}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{{ row.email }}", True),
        ({"to": ["{{ row.email }}"]}, True),
        ([1, ["a", ("b", "{{ row.email }}")]], True),
        ({"a": {"b": "{{ input.x }}"}}, True),
        ({"{{ row.email }}": "a"}, False),
        (["a", {"b": ["c"]}, None, 1], False),
    ],
)
def test_a_placeholder_is_found_wherever_it_stands_in_a_value(value: Any, found: bool) -> None:
    assert has_placeholder(value) is found


LONG = {"text": "x" * 5_000, "list": [1] * 1_000}


@pytest.mark.parametrize(
    ("config", "least", "most"),
    [
        ({"body": "{{ input.text }}" * 100}, 500_000, 503_000),
        ({"body": ["{{ input.list }}", {"a": "{{input.text}}", "b": "y" * 3_000}]}, 10_000, 10_200),
        ({"body": "{{ slot }}" + "y" * 3_000, "headers": {"X": "{{ secrets.T }}"}}, 3_800, 3_900),
        ({"body": "{{ input.text }}" * 1_000 * 4}, MAX_FILLED, MAX_FILLED + 100_000),
        ({"body": "{{ input.missing }}{{ input.text }}"}, 5_000, 5_100),
    ],
)
def test_what_templates_make_of_a_run_is_known_before_it_is_made(
    config: dict[str, Any], least: int, most: int
) -> None:
    filling = Filling.of(config, {"T": "z" * 500})
    assert filling is not None
    found = filling.bytes_of({"input": LONG, "row": None})
    assert least <= found <= most
    assert filling.at_most(10_000) >= found


def test_a_configuration_without_placeholders_makes_nothing_of_a_run() -> None:
    assert Filling.of({"url": "https://a.example", "body": {"a": ["b", 1, None]}}, {"T": "hush"}) is None
