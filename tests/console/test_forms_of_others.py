"""No form of the console changes anything for whom the APIs would refuse it: the console is a second door to the same
use cases. The routes are those of the console, so a new form is in this walk by itself."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from horarium.console.app import make_console
from horarium.domain.ids import from_prefixed, prefixed
from horarium.domain.quotas import QUOTAS
from horarium.domain.tenancy import EVERY_SCOPE, SCOPES, SERVER_SCOPE
from tests.api.asking import ask
from tests.console.browsing import signed_in
from tests.mutations.test_strangers import NOTED
from tests.support.all_rows import all_rows, names_any
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
# Fields that forms have: what is not one of a form is left out of account.
FIELDS = {
    "name": "n", "url": "https://example.com/hook", "recurrence": "0 2 * * *", "duration": "2h", "target": "t",
    "scopes": "runs:read", "kind": "workflow", "executor": "echo", "timezone": "UTC", "confirm": "yes", "text": "{}",
    "from": "2026-02-28T00:00", "to": "2026-02-28T12:00", "action": "pause", "catch_up": "none", "input": "{}",
    "targets": "*", "label": "team:a", "type": "http", "config": "{}", "value": "1", "note": "x",
}  # fmt: skip
# Forms that change nothing in the workspace.
FOR_READERS = {"/preview", "/preview/window", "/switch"}


async def furnished(house: House) -> dict[str, str]:
    """A little of everything, by the word that stands before its id in a path."""
    target = await house.target("workflow", executor="echo", config={}, key="t")
    order = {"name": "s", "recurrence": "0 9 * * *", "target": "t", "labels": {"team": "a"}}
    schedule = await ask(house, "POST", "/schedules", order, 201)
    fire = await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
    run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
    hook = await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
    principal = await ask(house, "POST", "/principals", {"name": "p"}, 201)
    key = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["runs:read"]}, 201)
    await ask(house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}})
    house.clock.now += 1
    action = await ask(
        house, "POST", "/schedules/actions", {"action": "pause", "filter": {"state": "completed"}}
    )
    return {
        "actions": action["id"],
        "schedules": schedule["id"], "runs": run, "fires": fire["id"], "targets": prefixed("tgt", target.id),
        "webhooks": hook["id"], "principals": principal["id"], "people": principal["id"], "keys": key["id"],
        "audiences": "crm", "workspaces": prefixed("ws", house.first.workspace_id),
    }  # fmt: skip


def forms(house: House, ids: dict[str, str]) -> list[str]:
    """The paths to which the console's forms are sent, filled with what there is."""
    paths = set()
    for route in make_console(house.services, {}).routes:
        path = getattr(route, "path_format", "")
        if "POST" in (getattr(route, "methods", None) or ()) and not path.startswith(("/sign", "/theme")):
            word = path.split("/")[1]
            filled = re.sub(r"\{\w+\}", ids.get(word, "x"), path, count=1)
            for action in (
                "pause",
                "resume",
                "fire",
                "delete",
                "enable",
                "disable",
                "cancel",
                "retry",
                "rotate",
            ):
                paths.add(re.sub(r"\{\w+\}", action, filled))
    return sorted(paths)


# What no field of a form expects: a number that is too long to be read as one, digits that are not ours, no number,
# half an object, and a text with a zone that is none.
ODD = ("9" * 5_000, "٣", "-0", "1e999", "nan", '{"a":', "2026-13-45T99:99+99:99")
# Fields that the walk fills in with them, beside those above.
NUMBERS = (
    "version", "weight", "place", "overlap", "expires_at", "attempt", "before", "after", "principal", "grants",
    "remove", "labels", "networks", "schedules", "types", "slug", "until", "at", "once", "audience", *QUOTAS,
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:8])
async def test_no_form_breaks_over_what_stands_in_its_fields(odd: str) -> None:
    async with House.open(NOW) as house:
        ids = await furnished(house)
        key = await house.key_with(EVERY_SCOPE, SERVER_SCOPE)
        async with signed_in(house, key=key) as person:
            found = re.search(r'name="csrf" value="([^"]+)"', await person.see("/switch"))
            assert found is not None
            odd_fields = dict.fromkeys((*FIELDS, *NUMBERS), odd)
            for path in forms(house, ids):
                for fields in (odd_fields, {**FIELDS, **dict.fromkeys(NUMBERS, odd)}):
                    answer = await person.client.post(f"/console{path}", data={**fields, "csrf": found[1]})
                    assert answer.status_code < 500, (path, answer.text[:300])


@pytest.mark.parametrize("who", ["a reader", "a stranger", "somebody whose key is for another target"])
async def test_no_form_changes_anything_for_whom_it_is_not(who: str) -> None:
    async with House.open(NOW) as house:
        ids = await furnished(house)
        other = await house.workspace("other")
        reading = [scope for scope in SCOPES if scope.endswith(":read")]
        key = (
            await house.key_of_another("reader", *reading)
            if who == "a reader"
            else await house.key_with(EVERY_SCOPE, tenant=other)
        )
        theirs = {house.first.workspace_id}
        if who == "somebody whose key is for another target":
            spare = await house.target("workflow", executor="echo", config={}, key="spare")
            scopes = [scope for scope in SCOPES if scope.endswith((":read", ":write", ":delete"))]
            body = {"name": "k", "scopes": scopes, "targets": [prefixed("tgt", spare.id)]}
            key = (await ask(house, "POST", "/keys", body, 201))["key"]
            theirs = {
                an_id
                for kind, prefix in (("schedules", "sch"), ("runs", "run"), ("fires", "fire"))
                if (an_id := from_prefixed(prefix, ids[kind])) is not None
            }
        async with signed_in(house, key=key) as person:
            page = await person.see("/schedules")
            (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', page))
            before, statuses = await all_rows(house.store), Counter[int]()
            for path in forms(house, ids):
                answer = await person.client.post(f"/console{path}", data={"csrf": token, **FIELDS})
                statuses[answer.status_code] += 1
                if who == "a reader" and path not in FOR_READERS:
                    assert answer.status_code in (403, 404), (path, answer.status_code)
                after = await all_rows(house.store)
                for row in (after - before) + (before - after):
                    if row[0] not in NOTED and (who == "a reader" or names_any(row, theirs)):
                        raise AssertionError((path, answer.status_code, row))
                before = after
        print(dict(statuses))
        assert sum(statuses.values()) > 40
