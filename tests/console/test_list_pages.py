"""Every list of the console goes on over its pages: nothing is missed, nothing stands there twice, and each page
leads to those that there are and to no other."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.api.asking import ask, scheduled
from tests.api.test_events import deliver, publish
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
THINGS = 5


async def five_fires(house: House) -> None:
    """Five schedules that have fired once, each with a run that has failed, an event of it and a delivery; and what
    filters leave out."""
    await ask(
        house,
        "POST",
        "/webhooks",
        {"name": "w", "url": "http://127.0.0.1:9/w", "types": ["fire.failed"]},
        201,
    )
    for number in range(THINGS):
        policies = {"retry": {"max_attempts": 1}}
        await scheduled(house, name=f"s{number}", recurrence="0 13 * * *", policies=policies)
    await house.move("2026-03-01T12:10:00Z")
    target = await ask_target(house, "other")
    other = await scheduled(house, name="other", target=target, recurrence="30 12 * * *")
    await house.move("2026-03-01T12:30:00Z")
    await publish(house)
    await ask(house, "POST", f"/schedules/{other['id']}/pause")
    await house.move("2026-03-01T13:00:00Z")
    await publish(house)
    await deliver(house)
    await house.services.audit.link()


async def ask_target(house: House, key: str) -> str:
    """A target that answers by itself; its key."""
    await house.target("workflow", executor="echo", config={}, key=key, name=key)
    return key


async def five_targets(house: House) -> None:
    for number in range(THINGS):
        await ask_target(house, f"found{number}")
    await ask_target(house, "other")


async def five_keys(house: House) -> None:
    for _ in range(THINGS - 1):  # and that of the session
        await house.key_with("runs:read")


async def five_workspaces(house: House) -> None:
    for number in range(THINGS - 1):  # and the first
        await house.workspace(f"w{number}")


async def five_rows(house: House) -> None:
    """A fire for five contacts."""
    await ask(house, "PUT", "/directory/contacts", [{"id": f"c{number}"} for number in range(THINGS)])
    await scheduled(house, recurrence="0 13 * * *", audience={"type": "contacts"})
    await house.move("2026-03-01T13:00:00Z")


async def five_versions(house: House) -> None:
    made = await scheduled(house)
    for hour in range(THINGS - 1):
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"recurrence": f"0 {hour} * * *"})


class Paged(NamedTuple):
    """A list: what fills it, its address, the size of its pages, how a row of it names its thing, and whether its
    pages lead back to the first one and say how many things there are."""

    fill: Callable[[House], Awaitable[None]]
    path: str
    size: str
    row: str
    leads_back: bool = True
    counts: bool = False


LISTS = {
    "schedules": Paged(five_fires, "/schedules?state=active", "schedules.PAGE", r"schedules/(sch_\w+)\"", counts=True),
    "schedules of a target": Paged(
        five_fires, "/schedules?target=t", "schedules.PAGE", r"schedules/(sch_\w+)\"", counts=True
    ),
    "runs": Paged(five_fires, "/runs?state=failed", "runs.PAGE", r"runs/(run_\w+)\"", counts=True),
    "runs of a target": Paged(five_fires, "/runs?target=t", "runs.PAGE", r"runs/(run_\w+)\"", counts=True),
    "events": Paged(five_fires, "/events?since=2026-03-01T13:00:00Z", "events.PAGE", r"events/(evt_\w+)\""),
    "deliveries": Paged(
        five_fires, "/events/webhooks/{webhooks}?state=waiting", "webhooks.DELIVERIES", r"events/(evt_\w+)\""
    ),
    "audit": Paged(
        five_fires, "/audit?action=schedule.created&until=2026-03-01T12:10:00Z", "audit.PAGE", r"schedules/(sch_\w+)\""
    ),
    "targets": Paged(five_targets, "/targets?search=found", "targets.PAGE", r"targets/(tgt_\w+)\"", False),
    "keys": Paged(five_keys, "/keys", "keys.PAGE", r"<td><bdi>[^<]*</bdi> <span class=\"dim\">…([\w-]+)", False),
    "workspaces": Paged(five_workspaces, "/workspaces", "workspaces.PAGE", r"workspaces/(ws_\w+)\"", False),
    "a fire": Paged(five_rows, "/fires/{fires}?state=pending", "runs.PAGE", r"runs/(run_\w+)\"", False),
    "versions": Paged(
        five_versions, "/schedules/{schedules}/versions", "versions.PAGE", r'name="before" value="(\d+)"', False
    ),
}  # fmt: skip


def link(page: str, *words: str) -> str | None:
    """Where the link with one of these words leads, below /console."""
    found = re.findall(rf'<a href="/console([^"]+)">(?:{"|".join(words)})</a>', page)
    assert len(found) <= 1
    return unescape(found[0]) if found else None


def things(each: Paged, page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(each.row, page[page.index("<main") :])))


def asked_for(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query))


async def walked(person: Person, each: Paged, path: str, everything: int) -> list[list[str]]:
    """What stands on each page of a list, from the first one on."""
    found = list[list[str]]()
    place: str | None = path
    while place is not None:
        page = await person.see(place)
        found.append(things(each, page))
        back = link(page, "Newest", "From the beginning")
        assert (back is not None) == (each.leads_back and len(found) > 1), (len(found), back)
        if back is not None:
            assert things(each, await person.see(back)) == found[0]
        if each.counts:
            assert re.findall(r"(\d+) \w+ in this list", page) == [str(everything)]
        place = link(page, "Older", "Further")
        for other in (place, back):
            assert other is None or asked_for(path).items() <= asked_for(other).items(), (
                "a filter is left out"
            )
        assert len(found) <= everything + 1
    return found


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_shows_everything_once_over_pages_of_every_size(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = LISTS[name]
    async with House.open(NOW) as house, signed_in(house) as person:
        await each.fill(house)
        ids = {kind: await first_of(house, kind) for kind in re.findall(r"{(\w+)}", each.path)}
        path = each.path.format(**ids)
        everything = things(each, await person.see(path))
        for size in (THINGS + 1, THINGS, THINGS - 1, 2, 1):
            monkeypatch.setattr(f"horarium.console.{each.size}", size)
            expected = [everything[at : at + size] for at in range(0, len(everything), size)]
            assert await walked(person, each, path, len(everything)) == expected, size
        assert len(everything) == THINGS


async def first_of(house: House, kind: str) -> str:
    """The id of the latest thing of a kind."""
    if kind == "fires":
        return str(
            (await ask(house, "GET", f"/schedules/{await first_of(house, 'schedules')}/fires"))["items"][0][
                "id"
            ]
        )
    return str((await ask(house, "GET", f"/{kind}"))["items"][0]["id"])
