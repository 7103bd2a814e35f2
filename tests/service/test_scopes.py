"""Every use case that is told who calls it refuses a key without the scope for it, whatever the route has looked at.

Some use cases are called by several doors: the own API, the dialects and the console. The use cases are those of all
services, so a new one is in this walk by itself.
"""

import inspect
from dataclasses import fields, replace

import pytest

from horarium.domain.actions import ActionKind
from horarium.domain.errors import Forbidden
from horarium.domain.ids import random_id
from horarium.domain.target import TargetKind
from horarium.service.services import Services
from horarium.service.targets import TargetDraft
from tests.api.asking import ask
from tests.support.callers import caller
from tests.support.house import House, instant

NOW = "2026-03-01T12:00:00Z"
AN_ID = random_id(instant(NOW))
BY_DOOR = "each API asks for a scope of its own; a grant on the target decides here"
EACH = "each thing of an action is refused by itself, and which scope is needed depends on the kind"
OWN = "everybody may see the workspace of their key"
# Use cases that ask for no scope, each with the reason.
WITHOUT_SCOPE = {
    **dict.fromkeys(
        ("schedules.change", "schedules.pause", "schedules.resume", "schedules.fire_now", "schedules.backfill",
         "schedules.slots_to_backfill", "idempotency.fire_once", "runs.retry", "runs.retry_once"), BY_DOOR
    ),
    **dict.fromkeys(("tenancy.get_workspace", "tenancy.list_workspaces", "tenancy.usage"), OWN),
    **dict.fromkeys(("actions.take", "actions.take_once"), EACH),
    "events.number_of": "it is a step of reading, which asks for the scope",
}  # fmt: skip


def use_cases():
    """(service, name) of each method that takes an identity first."""
    found = []
    for field in fields(Services):
        kind = inspect.get_annotations(Services, eval_str=True)[field.name]
        for name, method in inspect.getmembers(kind, inspect.iscoroutinefunction):
            told_who = list(inspect.signature(method).parameters)[1:2] == ["who"]
            if told_who and not name.startswith("_") and f"{field.name}.{name}" not in WITHOUT_SCOPE:
                found.append((field.name, name))
    return found


@pytest.mark.parametrize(("service", "name"), use_cases())
async def test_a_key_without_scopes_is_refused(service, name):
    async with House.open(NOW) as house:
        target = await house.target("function", key="t")
        await ask(
            house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}}
        )
        other = await house.workspace("other")
        draft = TargetDraft(TargetKind.TOOL, "T", "echo", {})
        known = {
            "Id": AN_ID,
            "str": "crm",
            "int": 1,
            "Target": target,
            "TargetDraft": draft,
            "ActionKind": ActionKind.PAUSE,
        }
        method = getattr(getattr(house.services, service), name)
        asked = list(inspect.signature(method).parameters.values())[1:]
        given = {
            one.name: other.workspace_id if one.name == "workspace_id" else known.get(str(one.annotation))
            for one in asked
            if one.default is inspect.Parameter.empty
        }
        nobody = caller(house.first.workspace_id, random_id(house.clock.now), ())
        with pytest.raises(Forbidden):
            await method(replace(nobody, scopes=frozenset()), **given)


@pytest.mark.parametrize("name", WITHOUT_SCOPE)
def test_what_asks_for_no_scope_is_a_use_case(name):
    service, _, method = name.partition(".")
    kind = inspect.get_annotations(Services, eval_str=True)[service]
    assert "who" in inspect.signature(getattr(kind, method)).parameters
