"""Forms that show what is stored: sent as they are they change nothing, and one field that is changed changes nothing
else. Forms are read and sent as a browser does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from horarium.domain.ids import prefixed
from horarium.domain.tenancy import SERVER_SCOPE
from tests.api.asking import ask
from tests.console.browsing import Person, signed_in, untouched
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
# What every change changes.
MOVES_ON = ("version", "updated_at", "in_words", "next_fires", "next_slot_at", "next_fire_at")
# A colon in the name, a backslash in it, and no value.
ODD_LABELS = {"a:b": "c:d", "a\\": ":", "empty": ""}
TEXT = "two\n\n  lines: 'a' & \"b\" <c>"


class Edited(NamedTuple):
    """A form that edits something: where it is, where the API tells the same, and for each of its fields another value
    with what the API tells then, by dotted name."""

    form: str
    told: str
    changes: Mapping[str, tuple[str | list[str], Mapping[str, Any]]]


async def a_schedule(house: House) -> Edited:
    await house.target("workflow", key="t")
    other = prefixed("tgt", (await house.target("workflow", key="other")).id)
    body = {
        "name": "spaced  name",
        "target": "t",
        "key": "own-key",
        "recurrence": {"calendars": [{"hour": [9], "day_of_week": [1]}], "intervals": [{"every": 3600}]},
        "timezone": "Europe/Paris",
        "start_at": "2026-04-01T00:00:00Z",
        "end_at": "2027-04-01T00:00:00Z",
        "input": {"text": TEXT, "number": 1e300, "large": 2**53 + 1, "list": [None, True, -0.5], "none": None},
        "labels": {"team": "a:b", "x": "1", **ODD_LABELS},
        "description": TEXT,
        "audience": {"type": "contacts", "filter": {"has_email": True}},
        "policies": {
            "overlap": "buffer_all", "catch_up": "none", "jitter": 7, "grace": "90s", "max_fires": 12,
            "pause_after_failures": 3,
        },
    }  # fmt: skip
    made = await ask(house, "POST", "/schedules", body, 201)
    place = f"/schedules/{made['id']}"
    return Edited(
        f"{place}/edit",
        place,
        {
            "name": ("other", {"name": "other"}),
            "target": (other, {"target": other}),
            "recurrence": ('{"calendars": [{"hour": [9]}]}', {"recurrence": {"calendars": [{"hour": [9]}]}}),
            "start_at": ("", {"start_at": None}),
            "end_at": ("2027-02-28 02:30", {"end_at": "2027-02-28T01:30:00.000Z"}),
            "audience": ('{"type": "contacts"}', {"audience": {"type": "contacts"}}),
            "timezone": ("UTC", {"timezone": "UTC"}),
            "input": ('{"text": null}', {"input": {"text": None}}),
            "labels": ("team:c\r\nnew:2", {"labels": {"team": "c", "new": "2"}}),
            "description": ("", {"description": None}),
            "overlap": ("buffer_one", {"policies.overlap": "buffer_one"}),
            "catch_up": ("latest", {"policies.catch_up": "latest"}),
        },
    )


async def a_webhook(house: House) -> Edited:
    await house.target("workflow", key="t")
    schedule = await ask(
        house, "POST", "/schedules", {"name": "s", "target": "t", "recurrence": "@daily"}, 201
    )
    body = {
        "url": "https://example.com/hook?a=1&b=%20",
        "name": "a 'name'",
        "types": ["fire.failed", "schedule.paused"],
        "labels": {"team": "a", "x": "b:c", **ODD_LABELS},
        "schedules": [schedule["id"]],
    }
    made = await ask(house, "POST", "/webhooks", body, 201)
    return Edited(
        f"/events/webhooks/{made['id']}/edit",
        f"/webhooks/{made['id']}",
        {
            "url": ("https://example.com/other", {"url": "https://example.com/other"}),
            "name": ("other", {"name": "other"}),
            "types": (["fire.late"], {"types": ["fire.late"]}),
            "labels": ("", {"labels": {}}),
            "schedules": ("", {"schedules": []}),
        },
    )


async def the_settings(house: House) -> Edited:
    await _furnish_workspace(house, "current")
    return Edited("/settings", "/workspaces/current", _WORKSPACE)


async def a_workspace(house: House) -> Edited:
    await house.workspace("other")
    listed = (await ask(house, "GET", "/workspaces"))["items"]
    (place,) = (f"/workspaces/{each['id']}" for each in listed if each["slug"] == "other")
    await _furnish_workspace(house, place.rpartition("/")[2])
    return Edited(place, place, _WORKSPACE)


async def _furnish_workspace(house: House, which: str) -> None:
    body = {
        "name": "a 'name'",
        "settings": {"timezone": "Europe/Paris"},
        "weight": 2.5,
        "allowed_hosts": ["a.example", "*.b.example"],
        "quotas": {"schedules": 77, "bulk_lines": 5},
    }
    await ask(house, "PATCH", f"/workspaces/{which}", body)


_WORKSPACE = {
    "name": ("other", {"name": "other"}),
    "timezone": ("UTC", {"settings.timezone": "UTC"}),
    "weight": ("3", {"weight": 3}),
    "allowed_hosts": ("*", {"allowed_hosts": ["*"]}),
    "schedules": ("78", {"quotas.schedules": 78}),
}
FORMS = [a_schedule, a_webhook, the_settings, a_workspace]


def flat(told: Any, name: str = "") -> dict[str, Any]:
    """What the API tells by dotted name; labels and inputs stay whole."""
    if not isinstance(told, dict) or name in ("labels", "input", "audience", "recurrence"):
        return {name: told}
    found: dict[str, Any] = {}
    for key, value in told.items():
        found |= flat(value, f"{name}.{key}".removeprefix("."))
    return found


async def _tell(house: House, edited: Edited) -> dict[str, Any]:
    told = flat(await ask(house, "GET", edited.told))
    return {name: value for name, value in told.items() if name.partition(".")[0] not in MOVES_ON}


async def _send_back(person: Person, edited: Edited, **changed: str | list[str]) -> None:
    """Open a form, and send it as a browser would, with some of its fields changed."""
    sent = untouched(await person.see(edited.form), edited.form)
    assert changed.keys() <= sent.keys()
    answer = await person.client.post(f"/console{edited.form}", data={**sent, **changed})
    assert answer.status_code == 303, (changed, answer.text[-3000:])


@pytest.mark.parametrize("made", FORMS)
async def test_a_form_that_is_sent_as_it_is_changes_nothing(made: Callable[[House], Any]) -> None:
    async with House.open(NOW) as house:
        edited = await made(house)
        async with signed_in(house, key=await house.key_with(SERVER_SCOPE, "*")) as person:
            before = await _tell(house, edited)
            await _send_back(person, edited)
            assert await _tell(house, edited) == before


@pytest.mark.parametrize("made", FORMS)
async def test_one_field_of_a_form_changes_that_and_nothing_else(made: Callable[[House], Any]) -> None:
    async with House.open(NOW) as house:
        edited = await made(house)
        async with signed_in(house, key=await house.key_with(SERVER_SCOPE, "*")) as person:
            for name, (value, told) in edited.changes.items():
                before = await _tell(house, edited)
                await _send_back(person, edited, **{name: value})
                assert await _tell(house, edited) == before | told, name


@pytest.mark.parametrize("made", [a_schedule, a_webhook])
async def test_a_label_that_is_added_to_those_of_a_form_leaves_them_as_they_are(
    made: Callable[[House], Any],
) -> None:
    async with House.open(NOW) as house:
        edited = await made(house)
        async with signed_in(house, key=await house.key_with(SERVER_SCOPE, "*")) as person:
            before = await _tell(house, edited)
            shown = untouched(await person.see(edited.form), edited.form)["labels"][0]
            await _send_back(person, edited, labels=f"{shown}\r\nnew:1")
            assert await _tell(house, edited) == before | {"labels": before["labels"] | {"new": "1"}}
