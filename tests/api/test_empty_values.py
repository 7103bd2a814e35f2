"""What null means in each field of what our own API makes: it is as left out, and in a change it takes the field away.

The fields are those of the OpenAPI page, so that a new one is walked as well: it needs a value in KINDS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.api.asking import BASE, NOW
from tests.api.dialects.test_empty_values import LEFT_OUT, at, put
from tests.api.test_round_trips import FULL
from tests.support.house import House

Json = dict[str, Any]
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: where it is made, what the page calls its body, and bodies that together have all fields, none
    as it is by default. A thing is not made without what is `needed`, and a PATCH with null leaves that as it is. So
    does any change with null for what `stays`."""

    path: str
    body: str
    full: tuple[Json, ...]
    needed: frozenset[str]
    stays: frozenset[str] = frozenset()


SCHEDULE: Json = {**FULL, "name": "N", "recurrence": "0 9 * * *", "target": "t"}
BY_ROW: Json = {
    **SCHEDULE,
    "policies": {
        "overlap": "allow",
        "overlap_scope": "row",
        "lateness_objective": "5m",
        "retry": {"until_next_slot": True},
    },
}
KINDS = {
    "schedule": Kind(
        "/schedules",
        "ScheduleBody",
        (SCHEDULE, BY_ROW),
        frozenset({"name", "recurrence", "target"}),
        frozenset({"timezone"}),
    ),
    "target": Kind(
        "/targets",
        "TargetBody",
        (
            {
                "kind": "workflow",
                "name": "N",
                "key": "k",
                "description": "D",
                "executor": {"type": "http", "url": "https://example.com/hook"},
                "completion": "callback",
                "timeout": 12.5,
                "deadline": "2d",
                "max_concurrency": 3,
                "rate_per_second": 0.5,
                "input_schema": {"type": "object"},
                "extra": {"a": 1},
                "enabled": False,
            },
        ),
        frozenset({"kind", "name", "executor"}),
    ),
    "webhook": Kind(
        "/webhooks",
        "WebhookBody",
        (
            {
                "url": "https://example.com/hook",
                "name": "N",
                "types": ["fire.*"],
                "labels": {"team": "a"},
            },
        ),
        frozenset({"url"}),
        frozenset({"name"}),
    ),
}
# A new thing is made at no version; a state is changed by verbs; schedules must be there to be named.
NOT_WALKED = {"version", "paused", "schedules", "schedule_keys"}


def places(page: Json, name: str, within: str = "") -> Iterator[str]:
    """The place of every field of a body, those of inner objects included."""
    for field, described in page["components"]["schemas"][name]["properties"].items():
        yield within + field
        for one in (described, *described.get("anyOf", ())):
            if "$ref" in one:
                yield from places(page, one["$ref"].rpartition("/")[2], f"{within}{field}.")


class Maker:
    """Makes, changes and deletes things of one kind, one at a time, and says what is shown of them meanwhile."""

    def __init__(self, house: House, kind: Kind) -> None:
        self.house, self.kind = house, kind

    async def made(self, body: Json, method: str = "", change: Any = None) -> Any:
        """What is shown of a new thing, after a change if there is one; REFUSED where it is not made or changed."""
        answer = await self._ask("POST", self.kind.path, body)
        if answer.status_code != 201:
            assert answer.status_code == 400, answer.text
            return REFUSED
        path = f"{self.kind.path}/{answer.json()['id']}"
        if method:
            answer = await self._ask(method, path, change)
        if self.kind.body != "ScheduleBody":  # what is made is answered with its secrets
            answer = await self._ask("GET", path) if answer.is_success else answer
        assert (await self._ask("DELETE", path)).status_code == 204
        if not answer.is_success:
            assert answer.status_code == 400, answer.text
            return REFUSED
        # Ids differ between things that are otherwise the same, and the jitter follows from the id.
        shown = orjson.loads(re.sub(r"[0-9A-HJKMNP-TV-Z]{26}", "*", answer.text))
        return {name: value for name, value in shown.items() if name not in OF_ITS_OWN}

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return await self.house.client.request(method, BASE + path, json=body)


OF_ITS_OWN = ("version", "number", "next_fire_at", "next_fires")


def patch_of(place: str) -> Json:
    """A partial change that takes one field away."""
    change: Any = None
    for name in reversed(place.split(".")):
        change = {name: change}
    return dict(change)


@pytest.mark.parametrize("name", KINDS)
async def test_null_is_as_left_out_and_in_a_change_it_takes_a_field_away(name: str) -> None:
    async with House.open(NOW) as house:
        await house.target("workflow", key="t")
        page = (await house.client.get(f"{BASE}/openapi.json")).json()
        kind, wrong, walked = KINDS[name], [], set()
        maker, every = Maker(house, kind), set(places(page, kind.body)) - NOT_WALKED
        for full in kind.full:
            complete = await maker.made(full)
            assert complete != REFUSED
            for place in sorted(every - walked):
                if at(full, place) is LEFT_OUT:
                    continue
                walked.add(place)
                bare = put(full, place, LEFT_OUT)
                without = await maker.made(bare)
                assert (without == REFUSED) is (place in kind.needed)
                found = {"made with null": await maker.made(put(full, place, None))}
                expected = {"made with null": without}
                found["null in a PATCH"] = await maker.made(full, "PATCH", patch_of(place))
                expected["null in a PATCH"] = complete if place in kind.needed | kind.stays else without
                if name != "webhook":
                    found["null in a PUT"] = await maker.made(full, "PUT", put(full, place, None))
                    stays = place in kind.stays or (name, place) == ("target", "key")
                    expected["null in a PUT"] = complete if stays else without
                wrong += [
                    f"{place}, {way}: {found[way]} instead of {expected[way]}"
                    for way in found
                    if found[way] != expected[way]
                ]
        assert wrong == [], "\n".join(wrong)
        assert walked == every
