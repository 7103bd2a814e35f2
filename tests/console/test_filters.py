"""The lists of the console show what the own API lists with the same filters, and every filter of a page is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from horarium.domain.ids import prefixed
from tests.api.asking import ask
from tests.api.test_events import publish
from tests.console.browsing import Person, signed_in, untouched
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


class Filtered(NamedTuple):
    """A list of the console: how a row of it names what it is about, which part of the API's items tells the same, and
    the filters to try."""

    path: str
    row: str
    told: str
    filters: Sequence[Mapping[str, str]]


async def furnished(house: House) -> dict[str, str]:
    """Schedules, runs, targets, events and entries of the audit log that differ in whatever they can be filtered by;
    the names of some."""
    good = await house.target("workflow", executor="echo", config={}, key="good")
    bad = await house.target("tool", "http://127.0.0.1:1/", key="bad", name="Poor")
    await ask(house, "GET", "/events")  # events are kept from then on
    made = {"good": prefixed("tgt", good.id), "bad": prefixed("tgt", bad.id)}
    for name, target, label in (("Alpha", "good", "red"), ("Beta", "bad", "red"), ("Gamma", "good", "blue")):
        order = {
            "name": name, "target": target, "recurrence": "0 13 * * *", "labels": {"team": label},
            "policies": {"retry": {"max_attempts": 1}},
        }  # fmt: skip
        made[name] = (await ask(house, "POST", "/schedules", order, 201))["id"]
    await house.move("2026-03-01T13:00:00Z")
    await publish(house)
    await ask(house, "POST", f"/schedules/{made['Gamma']}/pause", {})
    await ask(house, "POST", f"/targets/{made['bad']}/disable", {})
    await house.move("2026-03-02T13:00:00Z")
    await ask(house, "PATCH", f"/schedules/{made['Gamma']}", {"description": "later"})
    await house.services.audit.link()
    await publish(house)
    runs = (await ask(house, "GET", "/runs"))["items"]
    made["fire"] = next(run["fire"] for run in runs if run["schedule"] == made["Alpha"])
    made["principal"] = prefixed("prn", (await house.who()).principal.id)
    return made


def lists(made: Mapping[str, str]) -> list[Filtered]:
    return [
        Filtered("schedules", r'"/console/schedules/(sch_\w+)"', "id", [
            {"search": "alph"}, {"search": "bet"}, {"state": "paused"}, {"state": "active"}, {"target": "bad"},
            {"target": made["good"]}, {"label": "team:blue"}, {"label": "team:red", "target": "good"},
            {"dialect": "native"},
        ]),
        Filtered("runs", r'"/console/runs/(run_\w+)"', "id", [
            {"state": "succeeded"}, {"state": "failed"}, {"target": "good"}, {"target": "bad"},
            {"schedule": made["Beta"]}, {"fire": made["fire"]}, {"schedule": made["Alpha"], "state": "succeeded"},
        ]),
        Filtered("targets", r'"/console/targets/(tgt_\w+)"', "id", [
            {"search": "poo"}, {"kind": "tool"}, {"kind": "workflow"}, {"state": "enabled"}, {"state": "disabled"},
        ]),
        Filtered("events", r'"/console/events/(evt_\w+)"', "id", [
            {"type": "fire.failed"}, {"label": "team:blue"},
            {"schedule": made["Beta"]}, {"since": "2026-03-02T00:00:00Z"}, {"since": "2026-03-01T13:00:00.0005Z"},
        ]),
        Filtered("audit", r"<td>((?:schedule|target|workspace|key|principal)\.\w+)</td>", "action", [
            {"action": "schedule"}, {"action": "schedule.paused"}, {"subject": made["Gamma"]},
            {"principal": made["principal"]}, {"since": "2026-03-01T13:00:00Z"},
            {"until": "2026-03-01T13:00:00Z"}, {"since": "2026-03-01T13:00:00.0005Z"},
            {"until": "2026-03-01T13:00:00.0005Z"},
        ]),
    ]  # fmt: skip


async def _shown(person: Person, each: Filtered, query: str) -> list[str]:
    """What a list of the console shows, once each where it is an id."""
    found = re.findall(each.row, await person.see(f"/{each.path}{query}"))
    return found if each.told == "action" else list(dict.fromkeys(found))


async def _told(house: House, each: Filtered, query: str) -> list[Any]:
    return [item[each.told] for item in (await ask(house, "GET", f"/{each.path}{query}"))["items"]]


async def _compare(house: House, person: Person, each: Filtered) -> None:
    everything = await _shown(person, each, "")
    assert sorted(everything) == sorted(await _told(house, each, ""))
    tried = set()
    for filters in each.filters:
        query = "?" + "&".join(f"{name}={value}" for name, value in filters.items())
        shown = await _shown(person, each, query)
        assert sorted(shown) == sorted(await _told(house, each, query)), query
        assert shown, query
        assert len(shown) < len(everything) or set(filters) & {"dialect", "principal"}, query
        tried |= filters.keys()
    offered = untouched(await person.see(f"/{each.path}"), f"/{each.path}").keys()
    assert tried >= set(offered), set(offered) - tried


@pytest.mark.parametrize("number", range(5), ids=["schedules", "runs", "targets", "events", "audit"])
async def test_a_list_shows_what_the_api_lists_with_the_same_filters(number: int) -> None:
    async with House.open(NOW) as house:
        each = lists(await furnished(house))[number]
        async with signed_in(house) as person:
            await _compare(house, person, each)
