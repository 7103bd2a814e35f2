"""Which fields of a schedule a body replaces."""

from __future__ import annotations

import pytest

from horarium.api.dialects.cadenya.mask import BUNDLE_KEY, EXTERNAL_ID, LABELS, NAME
from horarium.api.dialects.cadenya.schedules import mask
from horarium.api.dialects.cadenya.schedules.mask import PATHS
from horarium.api.kit import Fields

RULES = {mask.CALENDARS, mask.INTERVALS, mask.TIMEZONE}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("metadata.name", {NAME}),
        ("metadata", {NAME, EXTERNAL_ID, LABELS, BUNDLE_KEY}),
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
    assert PATHS.at([path]) == fields


def test_an_unknown_path_is_named_and_then_nothing_is_listed() -> None:
    fields = Fields({"updateMask": "metadata.name, spec.colour"})
    assert PATHS.read(fields) == ()
    (problem,) = fields.problems
    assert problem.field == "updateMask"
    assert "'spec.colour'" in problem.message


def test_beside_a_mask_nothing_else_of_a_body_is_looked_at() -> None:
    fields = Fields({"metadata": "no object", "spec": {"schedule": 5, "overlapPolicy": "x", "status": 7}})
    assert PATHS.part(fields, "metadata", ["spec.status"]).body == {}
    assert PATHS.part(fields, "spec", ["spec.status"]).body == {"status": 7}
    assert PATHS.part(fields, "spec", ["spec.schedule.timezone"]).body == {"schedule": 5}
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
    assert set(PATHS.part(fields, "spec", [listed]).body) == kept


def test_without_a_mask_a_body_replaces_the_fields_that_it_holds() -> None:
    fields = Fields({"metadata": {"name": None, "labels": {}}, "spec": {"schedule": {}, "colour": 1}})
    parts = [PATHS.part(fields, name, ()) for name in ("metadata", "spec")]
    assert PATHS.held_in(*parts) == {LABELS, *RULES}
