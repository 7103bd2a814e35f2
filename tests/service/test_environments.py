"""Environment variables stay secret, stay with their target, and stay as they are where nothing changes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from horarium.domain.ids import random_id
from horarium.domain.schedule import Schedule
from horarium.domain.target import MASK
from horarium.service.environments import EnvironmentService
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.vault import Vault, new_key
from horarium.times import Timing

NOW = 1_795_348_800_000
TARGET, OTHER = random_id(NOW), random_id(NOW)


@pytest.fixture
def environments() -> EnvironmentService:
    return EnvironmentService(Vault([new_key()]))


@pytest.fixture
def schedule(environments: EnvironmentService) -> Schedule:
    workspace, new = random_id(NOW), random_id(NOW)
    sealed = environments.seal({"TOKEN": "s3cret", "REGION": "eu"}, new)
    draft = ScheduleDraft(workspace, workspace, "s", Timing("0 9 * * *"), TARGET, environment=sealed, id=new)
    return schedule_of(draft, NOW)


def opened(environments: EnvironmentService, schedule: Schedule, sealed: bytes | None) -> dict[str, str]:
    assert sealed is not None
    assert b"s3cret" not in sealed
    return environments.vault.open(sealed, schedule.id)


def test_a_mask_keeps_the_stored_value(environments: EnvironmentService, schedule: Schedule) -> None:
    sealed = environments.replaced(schedule, TARGET, {"TOKEN": MASK, "REGION": "us"})
    assert opened(environments, schedule, sealed) == {"TOKEN": "s3cret", "REGION": "us"}


def test_what_stays_the_same_stays_sealed_as_it_is(
    environments: EnvironmentService, schedule: Schedule
) -> None:
    for values in ({"TOKEN": MASK, "REGION": MASK}, {"TOKEN": "s3cret", "REGION": "eu"}):
        sealed = environments.replaced(schedule, TARGET, values)
        assert sealed is schedule.definition.environment


def test_a_secret_does_not_go_to_another_target(environments: EnvironmentService, schedule: Schedule) -> None:
    sealed = environments.replaced(schedule, OTHER, {"TOKEN": MASK})
    assert opened(environments, schedule, sealed) == {"TOKEN": MASK}


def test_no_variables_are_none(environments: EnvironmentService, schedule: Schedule) -> None:
    assert environments.seal({}, schedule.id) is None
    assert environments.replaced(schedule, TARGET, {}) is None
    bare = replace(schedule, definition=replace(schedule.definition, environment=None))
    assert environments.replaced(bare, TARGET, {}) is None
