"""What pages offer to do: to whom, and with what in which state. What is offered can be done, and nothing else is."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from horarium.domain.target import Completion
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"


class _Main(HTMLParser):
    """The links and forms of the main part of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page[page.index("<main") :])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("a", "form") and (given.get("method") == "post" or tag == "a"):
            self.found.add((given.get("href") or given.get("action") or "").removeprefix("/console"))


def offers(page: str, place: str) -> set[str]:
    """What a page offers to do with the thing at a place, as the last words of addresses below it, without queries."""
    below = {link.partition("?")[0].partition("#")[0] for link in _Main(page).found}
    return {link.removeprefix(f"{place}/") for link in below if link.startswith(f"{place}/")}


async def seen(house: House, path: str, *scopes: str) -> str:
    """The page as it is shown to a key with these scopes; without any, to one with all."""
    async with signed_in(house, key=await house.key_with(*(scopes or ("*",)))) as person:
        return await person.see(path)


async def test_a_key_is_offered_to_be_revoked_while_it_works_and_is_not_that_of_the_session() -> None:
    async with House.open(NOW) as house:
        made = {}
        for name in ("active", "revoked", "expired", "ending"):
            body: dict[str, Any] = {"name": name, "scopes": ["runs:read"]}
            if name in ("expired", "ending"):
                body["expires_at"] = "2026-03-01T12:30:00Z" if name == "expired" else "2026-03-01T12:30:01Z"
            made[name] = (await ask(house, "POST", "/keys", body, 201))["id"]
        await ask(house, "DELETE", f"/keys/{made['revoked']}")
        house.clock.now += 1_800_000
        async with signed_in(house) as person:
            assert offers(await person.see("/keys"), "/keys") == {
                "new",
                f"{made['active']}/revoke",
                f"{made['ending']}/revoke",
            }
            for name in ("active", "ending"):
                place = f"/keys/{made[name]}/revoke"
                await person.send(place, await person.see(place))
            assert offers(await person.see("/keys"), "/keys") == {"new"}


async def test_nobody_is_offered_to_delete_themselves() -> None:
    async with House.open(NOW) as house:
        own = (await ask(house, "GET", "/me"))["principal"]["id"]
        other = (await ask(house, "POST", "/principals", {"name": "Bot", "type": "service"}, 201))["id"]
        for principal, offered in ((own, set()), (other, {"delete"})):
            place = f"/principals/{principal}"
            assert offers(await seen(house, place), place) - {"grants"} == offered, principal


CHANGES = {"fire", "edit", "backfill", "windows"}


@pytest.mark.parametrize(
    ("state", "more"),
    [("active", {"pause"}), ("paused", {"resume"}), ("completed", set()), ("deleted", None)],
)
async def test_a_schedule_is_offered_what_its_state_and_the_key_allow(
    state: str, more: set[str] | None
) -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house, recurrence="0 13 * * *", policies={"max_fires": 1})
        place = f"/schedules/{made['id']}"
        if state == "paused":
            await ask(house, "POST", f"{place}/pause")
        elif state == "completed":
            await house.move("2026-03-01T13:00:00Z")
        elif state == "deleted":
            await ask(house, "DELETE", place, status=204)
        if state != "deleted":
            assert (await ask(house, "GET", place))["state"] == state
        for scopes, expected in (
            (("*",), CHANGES | {"delete"} | (more or set())),
            (("schedules:read",), set()),
            (("schedules:read", "schedules:write"), CHANGES | (more or set())),
            (("schedules:read", "schedules:delete"), {"delete"}),
        ):
            page = await seen(house, place, *scopes)
            found = offers(page, place) - {"versions", "why"}
            assert found == (set() if more is None else expected), scopes


async def test_a_list_of_schedules_offers_what_the_key_may_do_with_them() -> None:
    async with House.open(NOW) as house:
        write, read = ("schedules:read", "schedules:write"), ("schedules:read", "schedules:delete")
        for there in (False, True):
            if there:
                await scheduled(house)
            for scopes, new, many in (
                (("*",), True, {"pause", "resume", "fire", "relabel", "retarget", "delete"}),
                (write, True, {"pause", "resume", "fire", "relabel", "retarget"}),
                (read, False, set()),
            ):
                page = await seen(house, "/schedules", *scopes)
                assert ("new" in offers(page, "/schedules")) == new, scopes
                found = set(re.findall(r"/schedules/many\?action=(\w+)", page))
                assert found == (many if there else set()), scopes


@pytest.mark.parametrize("state", ["pending", "running", "succeeded", "failed", "cancelled"])
async def test_a_run_is_offered_to_be_cancelled_until_it_has_ended_and_then_to_be_run_again(
    state: str,
) -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        receiver.script("/run", Answer({"running": 202, "failed": 500}.get(state, 200)))
        ends = Completion.CALLBACK if state == "running" else Completion.RESPONSE
        await house.target("workflow", receiver.url("/run"), key="mine", completion=ends)
        once = {"retry": {"max_attempts": 1}}
        made = await scheduled(house, recurrence="0 13 * * *", target="mine", policies=once)
        house.clock.now += 3_600_000
        await house.release()
        (run,) = (await ask(house, "GET", f"/runs?schedule={made['id']}"))["items"]
        place = f"/runs/{run['id']}"
        if state == "cancelled":
            await ask(house, "POST", f"{place}/cancel")
        elif state != "pending":
            await house.work()
        assert (await ask(house, "GET", place))["state"] == state
        expected = {"cancel"} if state in ("pending", "running") else {"retry"}
        assert offers(await seen(house, place, "runs:read", "runs:write"), place) == expected
        assert offers(await seen(house, place, "runs:read"), place) == set()


@pytest.mark.parametrize(("state", "expected"), [("enabled", {"test", "disable"}), ("disabled", {"enable"})])
async def test_a_target_is_offered_what_its_state_and_the_key_allow(state: str, expected: set[str]) -> None:
    async with House.open(NOW) as house:
        target = await scheduled(house)
        place = f"/targets/{target['target']}"
        if state == "disabled":
            await ask(house, "POST", f"{place}/disable")
        assert offers(await seen(house, place, "targets:read", "targets:write"), place) == expected
        assert offers(await seen(house, place, "targets:read"), place) == set()
        for scopes, new in ((("targets:read", "targets:write"), {"new"}), (("targets:read",), set())):
            assert offers(await seen(house, "/targets", *scopes), "/targets") & {"new"} == new


@pytest.mark.parametrize("state", ["enabled", "disabled"])
async def test_a_webhook_is_offered_what_its_state_and_the_key_allow(state: str) -> None:
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/webhooks", {"name": "w", "url": "https://example.com/w"}, 201)
        if state == "disabled":
            await ask(house, "PATCH", f"/webhooks/{made['id']}", {"enabled": False})
        place = f"/events/webhooks/{made['id']}"
        expected = {"edit", "replay", "rotate", "delete", "disable" if state == "enabled" else "enable"}
        assert offers(await seen(house, place, "events:read", "events:write"), place) == expected
        assert offers(await seen(house, place, "events:read"), place) == set()
        for scopes, new in ((("events:read", "events:write"), {"new"}), (("events:read",), set())):
            page = await seen(house, "/events/webhooks", *scopes)
            assert offers(page, "/events/webhooks") & {"new"} == new


async def test_a_workspace_is_offered_to_be_paused_or_resumed_and_plans_to_be_taken_back() -> None:
    async with House.open(NOW) as house:
        await scheduled(house)
        body = {"from": "2026-03-01T12:30:00Z", "until": "2026-03-01T13:30:00Z"}
        await ask(house, "POST", "/workspaces/current/pause", body, 200)
        for now, expected in (
            ("2026-03-01T12:00:00Z", {"pause", "take-back"}),
            ("2026-03-01T12:29:59Z", {"pause", "take-back"}),
            ("2026-03-01T12:30:00Z", {"pause", "resume"}),
            ("2026-03-01T13:29:59Z", {"pause", "resume"}),
            ("2026-03-01T13:30:00Z", {"pause"}),
        ):
            await house.move(now)
            found = {link.rpartition("/")[2] for link in offers(await seen(house, "/settings"), "/settings")}
            assert found - {"windows"} == expected, now
            for path, scopes in (("/settings", ("runs:read",)), ("/schedules", ("schedules:read",))):
                assert offers(await seen(house, path, *scopes), "/settings") == set(), (now, path)
            on_now = offers(await seen(house, "/"), "/settings")
            assert on_now == expected - {"take-back"}, now
            for path in ("/", "/settings"):  # one that is paused is offered to change its pause instead
                whole = "Pause everything" in await seen(house, path)
                assert whole == ("resume" not in expected), (now, path)
