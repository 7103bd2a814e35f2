"""The audit log as a page: who did what, what changed, and filters in the address."""

from __future__ import annotations

import pytest

from horarium.console import audit
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_the_log_says_who_did_what_and_what_changed() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, name="Nightly")
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"name": "Daily"})
        page = await person.see("/audit")
        for words in ("schedule.created", "schedule.changed", "Nightly", "Daily", made["id"]):
            assert words in page
        assert f'href="/console/schedules/{made["id"]}"' in page


async def test_people_are_named_as_far_as_the_key_may_know_them_and_oneself_always(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "NAMED", 1)  # the page does not look up more
    async with House.open(NOW) as house:
        target = (await scheduled(house))["target"]
        may = ("audit:read", "targets:write")
        for action, scopes, knows in (("disable", (*may, "keys:admin"), True), ("enable", may, False)):
            me = f"Who may {action}"
            async with signed_in(house, key=await house.key_of_another(me, *scopes)) as person:
                await person.send(f"/targets/{target}/{action}", await person.see("/switch"))
                page = await person.see("/audit?action=target")
                assert page.count(me) > 1  # at the edge of the page, and beside what they did
                assert ("Administrator" in page) is knows, scopes


async def test_the_log_is_filtered_by_its_address() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        page = await person.see(f"/audit?action=schedule&subject={made['id']}")
        assert "schedule.created" in page
        assert "target.created" not in page
        assert "No entry matches" in await person.see("/audit?until=2020-01-01T00:00:00Z")
        for wrong in ("subject=nothing", "principal=x", "since=noon", "cursor=x"):
            await person.see(f"/audit?{wrong}", 400)


async def test_the_log_is_for_who_may_read_it_and_of_their_workspace() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house)
        other = await house.workspace("other")
        async with signed_in(house, other) as person:
            assert made["id"] not in await person.see("/audit")
        async with signed_in(house, key=await house.key_with("runs:read")) as person:
            assert "lacks the scope audit:read" in await person.see("/audit", 403)
        async with signed_in(house, key=await house.key_with("audit:read")) as person:
            assert made["id"] in await person.see("/audit")
