"""A quick dataclass is made as any other: by place or by name, with its defaults, and never changed."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from horarium.domain.quick import quick
from horarium.domain.run import Run
from horarium.domain.schedule import Definition, Progress, Schedule


@quick
@dataclass(frozen=True, slots=True)
class Made:
    first: int
    second: str | None = None
    third: Mapping[str, int] = field(default_factory=dict)


def test_it_is_made_by_place_and_by_name_with_its_defaults():
    assert (Made(1).first, Made(1).second, Made(1).third) == (1, None, {})
    assert Made(1, "b", {"c": 3}) == Made(first=1, third={"c": 3}, second="b")
    assert Made(1).third is not Made(1).third
    assert replace(Made(1, "b"), first=2) == Made(2, "b")


def test_it_refuses_what_a_constructor_refuses():
    for given, named in (((), {}), ((1, None, {}, 4), {}), ((1,), {"first": 1}), ((1,), {"fourth": 4})):
        with pytest.raises(TypeError):
            Made(*given, **named)


def test_it_does_not_change():
    with pytest.raises(FrozenInstanceError):
        Made(1).first = 2
    assert hash(Made(1, third=())) == hash(Made(1, third=()))


@pytest.mark.parametrize("kind", [Made, Definition, Progress, Run, Schedule])
def test_every_field_has_the_value_that_was_given_for_it(kind):
    names = [each.name for each in fields(kind)]
    made = kind(*range(len(names)))
    assert [getattr(made, name) for name in names] == list(range(len(names)))
    assert made == kind(**{name: number for number, name in enumerate(names)})
