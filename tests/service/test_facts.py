"""What the audit log tells of things is short."""

from inspect import signature

import pytest

from horarium.domain.ids import random_id
from horarium.domain.tenancy import Workspace
from horarium.service.facts import LONGEST_VALUE, short, workspace_facts
from horarium.service.tenancy import TenancyService

NOON = 1_772_366_400_000


@pytest.mark.parametrize("length", [0, 1, LONGEST_VALUE - 2])
def test_a_value_that_is_short_is_repeated(length):
    assert short("x" * length) == "x" * length
    assert short(None) is None


def test_of_a_longer_one_the_log_tells_length_and_hash():
    told = [short("x" * (LONGEST_VALUE - 1)), short("y" * (LONGEST_VALUE - 1))]
    assert [each["bytes"] for each in told] == [LONGEST_VALUE + 1] * 2
    assert told[0]["sha256"] != told[1]["sha256"]


def test_the_log_tells_of_all_that_may_be_changed_of_a_workspace():
    workspace = Workspace(
        id=random_id(NOON),
        slug="acme",
        name="Acme",
        settings={"timezone": "Europe/Paris"},
        allowed_hosts=("api.example.com",),
        weight=7.0,
        created_ms=NOON,
        updated_ms=NOON,
    )
    told = workspace_facts(workspace)
    changeable = signature(TenancyService.update_workspace).parameters.keys()
    assert changeable - {"self", "who", "workspace_id", "version"} <= told.keys()
    assert (told["settings"], told["weight"], told["allowed_hosts"]) == (
        {"timezone": "Europe/Paris"},
        7.0,
        ["api.example.com"],
    )
