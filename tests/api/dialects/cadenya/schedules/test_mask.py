"""Which fields of a schedule a body replaces."""

from __future__ import annotations

import pytest

from horarium.api.dialects.cadenya.schedules import mask
from horarium.api.kit import Fields

RULES = {mask.CALENDARS, mask.INTERVALS, mask.TIMEZONE}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("metadata.name", {mask.NAME}),
        ("metadata", {mask.NAME, mask.EXTERNAL_ID, mask.LABELS, mask.BUNDLE_KEY}),
        ("spec.schedule", RULES),
        ("spec.schedule.timezone", {mask.TIMEZONE}),
        ("spec.firstUserMessage", {mask.MESSAGE}),
        ("spec.firstUserMessageData", {mask.DATA}),
        ("spec.schedule.calendars.hour", set()),
        ("spec.sched", set()),
        ("", set()),
    ],
)
def test_a_path_stands_for_all_fields_at_or_below_it(path: str, fields: set[str]) -> None:
    assert mask.fields_at([path]) == fields


def test_an_unknown_path_is_named_and_then_nothing_is_listed() -> None:
    fields = Fields({"updateMask": "metadata.name, spec.colour"})
    assert mask.read_mask(fields) == ()
    (problem,) = fields.problems
    assert problem.field == "updateMask"
    assert "'spec.colour'" in problem.message


def test_beside_a_mask_nothing_else_of_a_body_is_looked_at() -> None:
    fields = Fields({"metadata": "no object", "spec": {"schedule": 5, "overlapPolicy": "x", "status": 7}})
    assert mask.half_of(fields, "metadata", ["spec.status"]).body == {}
    assert mask.half_of(fields, "spec", ["spec.status"]).body == {"status": 7}
    assert mask.half_of(fields, "spec", ["spec.schedule.timezone"]).body == {"schedule": 5}
    assert fields.problems == []


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ("spec.data", {"data"}),
        ("spec.firstUserMessageData", {"firstUserMessageData"}),
        ("spec", {"data", "firstUserMessageData"}),
    ],
)
def test_of_two_spellings_the_one_that_the_mask_lists_counts(listed: str, kept: set[str]) -> None:
    fields = Fields({"spec": {"data": 1, "firstUserMessageData": {}}})
    assert set(mask.half_of(fields, "spec", [listed]).body) == kept


def test_without_a_mask_a_body_replaces_the_fields_that_it_holds() -> None:
    fields = Fields({"metadata": {"name": None, "labels": {}}, "spec": {"schedule": {}, "colour": 1}})
    halves = [mask.half_of(fields, half, ()) for half in ("metadata", "spec")]
    assert mask.held_in(*halves) == {mask.LABELS, *RULES}
