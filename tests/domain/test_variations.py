"""Which variation of an agent a run gets."""

from collections import Counter

import pytest

from horarium.domain.ids import derived_id, random_id
from horarium.domain.variations import (
    FIRST,
    LIST,
    MODE,
    MOST_VARIATIONS,
    PIN_FIELD,
    RANDOM,
    WEIGHTED,
    choose,
    has_variations,
    longest_variation,
    variation_facts,
    variations_of,
)

AGENT = random_id(0)
TWO = [
    {"id": "a", "name": "A", "weight": 1.0, "spec": {"x": 1}},
    {"id": "b", "name": "B", "weight": 3.0, "spec": {}},
]
RUNS = [derived_id(0, number.to_bytes(4, "big")) for number in range(4_000)]


def chosen(extra, runs=RUNS, given=None):
    return Counter(choose(extra, AGENT, run, given).id for run in runs)


def test_an_agent_without_variations_has_one_that_stays_the_same():
    (default,) = variations_of({}, AGENT)
    assert not has_variations({})
    assert choose({}, AGENT, RUNS[0], None) == default == variations_of({LIST: []}, AGENT)[0]
    assert default.id != variations_of({}, random_id(0))[0].id


def test_weights_are_shares():
    share = chosen({LIST: TWO, MODE: WEIGHTED})["b"] / len(RUNS)
    assert 0.72 < share < 0.78
    assert chosen({LIST: TWO}) == chosen({LIST: TWO, MODE: WEIGHTED})


def test_at_random_weights_do_not_count():
    assert 0.47 < chosen({LIST: TWO, MODE: RANDOM})["b"] / len(RUNS) < 0.53


def test_a_weight_of_nothing_is_never_chosen_while_another_has_one():
    assert set(chosen({LIST: [TWO[0] | {"weight": 0}, TWO[1]]})) == {"b"}
    assert set(chosen({LIST: [one | {"weight": 0} for one in TWO]}, RUNS[:10])) == {"a"}


def test_the_first_is_always_the_first():
    assert set(chosen({LIST: TWO, MODE: FIRST})) == {"a"}


def test_every_attempt_of_a_run_gets_the_same():
    extra = {LIST: TWO}
    assert [choose(extra, AGENT, run, None) for run in RUNS[:50]] == [
        choose(extra, AGENT, run, None) for run in RUNS[:50]
    ]


def test_an_input_pins_by_the_field_that_the_agent_names():
    extra = {LIST: TWO, MODE: FIRST, PIN_FIELD: "take"}
    assert choose(extra, AGENT, RUNS[0], {"take": "b"}).id == "b"
    for given in ({"take": "c"}, {"other": "b"}, {"take": None}, "b", None, ["b"]):
        assert choose(extra, AGENT, RUNS[0], given).id == "a"


def test_without_such_a_field_nothing_pins():
    assert choose({LIST: TWO, MODE: FIRST}, AGENT, RUNS[0], {"take": "b", "variationId": "b"}).id == "a"


@pytest.mark.parametrize("listed", ["text", {"id": "a"}, [7, None, {"name": "no id"}, {"id": 5}], None])
def test_what_cannot_be_read_is_no_variation(listed):
    (only,) = variations_of({LIST: listed}, AGENT)
    assert only.name == "Default"


def test_odd_members_get_their_defaults():
    found = variations_of(
        {LIST: [{"id": "a", "weight": "much", "spec": 5}, {"id": "b", "weight": -1}]}, AGENT
    )
    assert [(one.name, one.weight, dict(one.spec)) for one in found] == [("a", 1.0, {}), ("b", 1.0, {})]


def test_an_executor_is_told_id_name_and_spec_and_not_the_weight():
    assert variation_facts(variations_of({LIST: TWO}, AGENT)[0]) == {"id": "a", "name": "A", "spec": {"x": 1}}


def test_a_target_has_as_many_variations_as_may_be_and_those_behind_them_are_ignored():
    listed = [{"id": f"v{number}"} for number in range(2_000)]
    assert [one.id for one in variations_of({LIST: listed}, AGENT)] == [
        f"v{number}" for number in range(MOST_VARIATIONS)
    ]
    assert choose({LIST: listed}, AGENT, RUNS[0], {PIN_FIELD: "v60"}).id != "v60"


def test_how_large_the_largest_variation_is_is_known_before_one_is_chosen():
    assert longest_variation({}, AGENT) == 0
    specs = [{"x": "y" * length} for length in (10, 2_000, 300)]
    listed = [{"id": f"v{place}", "spec": spec} for place, spec in enumerate(specs)]
    assert 2_000 <= longest_variation({LIST: listed}, AGENT) < 2_020


@pytest.mark.parametrize("name", [LIST, MODE, PIN_FIELD])
@pytest.mark.parametrize("value", [None, True, 7, 7.5, "x", ["x"], {"x": 7}, [[]], [{"id": []}]])
def test_whatever_a_target_holds_under_these_names_a_run_gets_a_variation(name, value):
    """Our own API lets anything be stored as the extra of a target."""
    found = choose({LIST: TWO, name: value}, AGENT, RUNS[0], {"x": 7})
    assert found.id
