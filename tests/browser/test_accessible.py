"""Every page is fit for all: no violation of WCAG 2.2 AA, and nothing is wider than the window (make browser)."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import World
from tests.browser.test_ways import target

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_page_is_accessible_and_fits_its_window(world: World, look: str) -> None:
    target(world, "good", "/ok")
    target(world, "flaky", "/flaky")
    long = "A name that is much longer than what fits into a column, as people give them now and then"
    for name, recurrence, runs in (("Heartbeat", "@every 1s", "good"), (long, "30 2 * * *", "flaky")):
        body = {
            "name": name,
            "recurrence": recurrence,
            "target": runs,
            "labels": {"team": "a", "customer": "b"},
        }
        schedule = world.ask("POST", "/schedules", body)["id"]
    world.ask("POST", f"/schedules/{schedule}/fire-now")
    run = world.until("/runs?target=flaky")[0]
    world.until("/runs?target=good&state=succeeded", 2)
    own = f"/schedules/{schedule}"
    paths = [
        *("/", "/schedules", "/schedules/new", "/runs", "/targets", "/targets/new", "/nowhere"),
        *(own, f"{own}/why?at=2027-01-01+09:00", f"{own}/edit", f"{own}/pause", f"{own}?month=2027-03"),
        *(f"/runs/{run['id']}", f"/fires/{run['fire']}", f"/targets/{run['target']}", "/sign-in"),
    ]
    found: list[object] = []
    for width in (1440, 390):
        page = world.person(width, look)
        for path in paths:
            page.goto(f"{world.url}/console{path}")
            violations = Axe().run(page, options=RULES).response["violations"]
            found += [(path, width, each["id"], each["nodes"][0]["html"]) for each in violations]
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wider > 0:
                found.append((path, width, f"{wider} pixels too wide"))
    assert found == []
