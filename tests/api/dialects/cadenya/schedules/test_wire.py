"""Orders: a body is read once, and what it asks for can be carried out on a schedule any number of times."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.api.dialects.cadenya.schedules import mask, wire
from horarium.api.dialects.cadenya.schedules.mask import PATHS
from horarium.api.dialects.cadenya.schedules.wire import VERBS, Facts, Order
from horarium.api.kit import Fields
from horarium.domain.errors import Conflict, Invalid
from horarium.domain.ids import from_prefixed
from horarium.domain.schedule import Schedule, ScheduleState
from tests.api.dialects.cadenya.support import Cadenya, at_nine

FACTS = Facts(1_772_798_400_000)


@pytest.fixture
async def before(cadenya: Cadenya) -> Schedule:
    made = await cadenya.created({"name": "Daily", "bundleKey": "b1"}, data={"a": 1})
    an_id = from_prefixed("as", made["metadata"]["id"])
    assert an_id is not None
    return await cadenya.house.services.schedules.get(cadenya.house.first.workspace_id, an_id)


def order_in(body: dict[str, Any], new: bool = False) -> Order:
    fields = Fields(body)
    order = wire.parse(fields, new)
    fields.done()
    return order


def test_an_order_that_replaces_nothing_leaves_a_schedule_as_it_is(before: Schedule) -> None:
    assert wire.edited(before, order_in({}), FACTS) == before
    assert wire.edited(before, Order(), FACTS) == before


def test_the_same_order_gives_the_same_schedule_again_and_again(before: Schedule) -> None:
    body = {"spec": {"schedule": at_nine("Europe/Paris"), "data": [1]}, "metadata": {"labels": {"x": "1"}}}
    order = order_in(body)
    body.clear()
    first = wire.edited(before, order, FACTS)
    assert wire.edited(before, order, FACTS) == first
    assert wire.edited(first, order, FACTS) == first
    assert first.definition.timing.zone == "Europe/Paris"
    assert first.definition.input == {"initialMessage": "Good morning", "data": [1]}
    assert first.labels == {"x": "1", "bundle_key": "b1"}


def test_a_part_of_the_rules_is_judged_together_with_the_parts_that_stay(before: Schedule) -> None:
    order = order_in({"updateMask": "spec.schedule.calendars"})
    with pytest.raises(Invalid) as wrong:
        wire.edited(before, order, FACTS)
    assert [problem.field for problem in wrong.value.problems] == ["spec.schedule"]


def test_a_field_that_is_wrong_is_not_carried_out() -> None:
    fields = Fields({"metadata": {"name": "N"}, "spec": {"initialMessage": "m", "schedule": 5}})
    order = wire.parse(fields, True)
    assert [problem.field for problem in fields.problems] == ["spec.schedule"]
    assert order.replaced == PATHS.every - {mask.CALENDARS, mask.INTERVALS, mask.TIMEZONE}
    assert wire.new_timing(order, FACTS, fields.problems) is None


def test_resume_wants_a_paused_schedule(before: Schedule) -> None:
    with pytest.raises(Conflict):
        wire.edited(before, VERBS["resume"], FACTS)
    paused = wire.edited(before, VERBS["pause"], FACTS)
    assert wire.edited(paused, VERBS["resume"], FACTS).state is ScheduleState.ACTIVE
    archived = wire.edited(paused, VERBS["archive"], FACTS)
    with pytest.raises(Conflict):
        wire.edited(archived, VERBS["resume"], FACTS)
