"""No page shows what its viewer's key may not read, whatever else the page is about."""

from __future__ import annotations

from horarium.console.app import make_console
from horarium.domain.ids import prefixed
from tests.api.asking import ask
from tests.console.browsing import signed_in
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"
# What only somebody with the scope may see, as it stands in the pages.
MARKS = {
    "targets:read": "path-of-the-target",
    "schedules:read": "input-of-the-schedule",
    "runs:read": "output-of-the-run",
}
# Streams do not end; test_live.py tells who may follow them.
NOT_PAGES = ("/static/{name}", "/sign-in", "/live/now", "/live/events", "/live/fires/{id}")


async def test_no_page_shows_what_the_key_may_not_read() -> None:
    async with Receiver() as receiver, House.open(NOW) as house:
        receiver.script("/path-of-the-target", Answer(200, b'{"said": "output-of-the-run"}'))
        target = await house.target("workflow", receiver.url("/path-of-the-target"), key="t")
        order = {
            "name": "s",
            "recurrence": "0 9 * * *",
            "target": "t",
            "input": {"a": MARKS["schedules:read"]},
        }
        made = await ask(house, "POST", "/schedules", order, 201)
        fire = await ask(house, "POST", f"/schedules/{made['id']}/fire-now", status=201)
        await house.work()
        run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
        ids = {
            "schedules": made["id"],
            "runs": run,
            "fires": fire["id"],
            "targets": prefixed("tgt", target.id),
        }
        paths = sorted(
            {
                route.path_format  # type: ignore[attr-defined]
                for route in make_console(house.services, {}).routes
                if "GET" in (getattr(route, "methods", None) or ()) and route.path_format not in NOT_PAGES  # type: ignore[attr-defined]
            }
        )
        seen: set[str] = set()
        for scope in MARKS:
            key = await house.key_of_another(scope, scope)
            async with signed_in(house, key=key) as person:
                for path in paths:
                    for kind in ids:
                        if f"/{kind}/" in path or "{" not in path:
                            filled = path.replace("{id}", ids[kind]).replace("{ref}", ids[kind])
                            page = (
                                await person.client.get(f"/console{filled.replace('{action}', 'pause')}")
                            ).text
                            shown = {other for other, mark in MARKS.items() if mark in page}
                            assert shown <= {scope}, (scope, filled)
                            seen |= shown
        assert seen == set(MARKS)
