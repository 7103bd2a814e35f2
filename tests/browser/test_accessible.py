"""Every page is fit for all: no violation of WCAG 2.2 AA, and nothing is wider than the window (make browser).

With SHOTS set to a folder, a picture of each page is put there, to be looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import RULES, World
from tests.browser.test_ways import target

SHOTS = os.environ.get("SHOTS")
WIDTHS = (1440, 390)
LOOKS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LONG = "A name that is much longer than what fits into a column, as people give them now and then"


def paths_of(world: World) -> list[str]:
    """Every page of the console, in a workspace where something has run, failed, and waits."""
    target(world, "good", "/ok")
    target(world, "flaky", "/flaky")
    target(world, "slow", "/later", completion="callback")
    labels = {"team": "a", "customer": "b"}
    world.ask("PUT", "/directory/contacts", [{"id": "ann@example.com", "name": "Ann", "plan": "gold"}])
    for name, recurrence, runs, given in (
        ("Heartbeat", "@every 1s", "good", {}),
        ("Slow", "@every 2s", "slow", {}),
        (
            "Mail",
            "@yearly",
            "flaky",
            {"audience": {"type": "contacts"}, "policies": {"retry": {"max_attempts": 1}}},
        ),
        (LONG, "30 2 * * *", "flaky", {"timezone": "Europe/Paris"}),
    ):
        body = {"name": name, "recurrence": recurrence, "target": runs, "labels": labels, **given}
        schedule = world.ask("POST", "/schedules", body)["id"]
        if "audience" in body:
            fire = world.ask("POST", f"/schedules/{schedule}/fire-now")["id"]
            audience = schedule
    world.ask("PATCH", f"/schedules/{schedule}", {"input": {"a": 1}})
    for place in ("/workspaces/current", f"/schedules/{schedule}"):
        window = {"recurrence": "0 2 1 1 *", "duration": "2h", "note": "The CRM is backed up"}
        world.ask("POST", f"{place}/windows", window)
    me = world.ask("GET", "/me")
    hook = world.ask(
        "POST", "/webhooks", {"url": f"{world.receiver}/events", "name": "Alerts", "types": ["fire.*"]}
    )
    world.ask("POST", f"/schedules/{audience}/fire-now")
    filtered = {"action": "pause", "filter": {"search": "no such schedule"}}
    action = world.ask("POST", "/schedules/actions", filtered)["id"]
    event = world.until("/events")[0]["id"]
    world.until(f"/webhooks/{hook['id']}/deliveries")
    hooks = f"/events/webhooks/{hook['id']}"
    run = world.until("/runs?target=flaky&state=failed")[0]["id"]
    world.until("/runs?target=good&state=succeeded", 2)
    own = f"/schedules/{schedule}"
    return [
        *("/", "/schedules", "/schedules/new", "/runs", "/targets", "/targets/new", "/nowhere"),
        *(own, f"{own}/why?at=2027-01-01+09:00", f"{own}/edit", f"{own}/pause", f"{own}?month=2027-03"),
        *(f"{own}/versions", f"{own}/backfill?from=2026-03-27&to=2026-04-02", f"/schedules/{audience}/fire"),
        *("/schedules/many?action=relabel", "/schedules/many?action=retarget", "/runs/many?action=retry"),
        *(f"/actions/{action}", "/targets/flaky/test", "/events", f"/events/{event}", "/events/webhooks"),
        *(
            "/events/webhooks/new",
            hooks,
            f"{hooks}/edit",
            f"{hooks}/rotate",
            f"{hooks}/replay",
            f"{hooks}/delete",
        ),
        *("/schedules/many?action=pause", f"/runs/{run}", f"/fires/{fire}", f"/fires/{fire}/replay"),
        *("/targets/flaky", "/audiences?type=contacts", "/audiences/directory/contacts"),
        *("/audiences/directory/users", "/audiences/directory/contacts/upload", "/keys", "/keys/new"),
        *(f"/keys/{me['key']['id']}/revoke", "/principals/new", f"/principals/{me['principal']['id']}"),
        *(
            "/audit",
            "/settings",
            "/settings/pause",
            "/settings/windows",
            f"{own}/windows",
            "/switch",
            "/workspaces",
            "/workspaces/new",
            "/sign-in",
        ),
    ]


def look(world: World, page: Page, name: str) -> list[object]:
    """What is wrong with the page that is open, at each width and in each look."""
    found: list[object] = []
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            found.append((name, width, f"{wider} pixels too wide"))
        for look in LOOKS:
            page.emulate_media(color_scheme=look)
            violations = Axe().run(page, options=RULES).response["violations"]
            found += [(name, width, look, each["id"], each["nodes"][0]["html"]) for each in violations]
            if SHOTS:
                picture = re.sub(
                    r"[^a-z]+", "-", re.sub(r"[a-z]+_[0-9A-Z]{26}", "id", name.partition("?")[0])
                )
                path = Path(SHOTS) / f"{picture.strip('-') or 'now'}-{width}-{look}.png"
                page.screenshot(path=path, full_page=True)
    return found


def test_every_page_is_accessible_and_fits_its_window(server_world: World) -> None:
    page = server_world.person()
    found: list[object] = []
    for path in paths_of(server_world):
        page.goto(f"{server_world.url}/console{path}")
        found += look(server_world, page, path)
    assert found == []


@pytest.mark.parametrize("width", [1100, 1180, 1280, 1440])
def test_the_outcomes_of_a_day_stand_in_one_line(world: World, width: int) -> None:
    target(world, "good", "/ok")
    world.ask("POST", "/schedules", {"name": "Heartbeat", "recurrence": "@every 1s", "target": "good"})
    world.until("/runs?state=succeeded")
    page = world.person(width)
    tops = "found => found.map(each => each.getBoundingClientRect().top)"
    figures = page.get_by_role("region", name="Last 24 hours").locator(".figures a")
    assert len(set(figures.evaluate_all(tops))) == 1


def test_pages_that_answer_a_form_are_accessible_and_fit_their_window(world: World) -> None:
    page = world.person()
    found = look(world, page, "first-steps")
    page.get_by_role("button", name="Use the echo target").click()
    found += look(world, page, "first-schedule")
    page.goto(f"{world.url}/console/")
    found += look(world, page, "first-steps-two")
    page.goto(f"{world.url}/console/targets/new")
    page.get_by_label("Name", exact=True).fill("Hook")
    page.get_by_label("Address").fill(f"{world.receiver}/ok")
    page.get_by_role("button", name="Make it").click()
    found += look(world, page, "target-made")
    page.get_by_role("link", name="Test call").click()
    page.get_by_role("button", name="Call it now").click()
    page.get_by_text("header").first.click()
    found += look(world, page, "target-tested")
    page.goto(f"{world.url}/console/events/webhooks/new")
    page.get_by_label("Address").fill(f"{world.receiver}/ok")
    page.get_by_role("button", name="Make it").click()
    found += look(world, page, "webhook-made")
    page.goto(f"{world.url}/console/keys/new")
    page.get_by_role("button", name="Make it").click()
    page.get_by_label("Name", exact=True).fill("Key")
    page.get_by_label("see runs, fires and the ledger").check()
    page.get_by_role("button", name="Make it").click()
    found += look(world, page, "key-made")
    page.goto(f"{world.url}/console/schedules/new")
    page.get_by_label("Name", exact=True).fill("Wrong")
    page.get_by_label("Target", exact=True).select_option(index=1)
    page.get_by_label("When", exact=True).fill("nonsense")
    page.get_by_label("Input, as JSON").fill("{")
    page.get_by_role("button", name="Make it").click()
    found += look(world, page, "schedule-with-mistakes")
    page.goto(f"{world.url}/console/settings/windows")
    page.get_by_label("When it begins").fill("* * * * *")
    page.get_by_label("How long it holds").fill("2h")
    page.get_by_role("button", name="Make it").click()
    found += look(world, page, "window-with-mistakes")
    page.get_by_label("When it begins").fill("0 2 1 1 *")
    page.get_by_label("Note: why it is there").fill(LONG)
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Remove").click()
    found += look(world, page, "window-removed")
    page.goto(f"{world.url}/console/settings/pause")
    page.get_by_label("Note: why it is paused").fill(LONG)
    page.get_by_label("Until", exact=True).fill("soon")
    page.get_by_role("button", name="Pause everything").click()
    found += look(world, page, "pause-with-mistakes")
    page.get_by_label("Until", exact=True).fill("2099-01-01")
    page.get_by_role("button", name="Pause everything").click()
    found += look(world, page, "paused")
    page.get_by_role("link", name="Resume").click()
    found += look(world, page, "resume")
    page.goto(f"{world.url}/console/settings")
    found += look(world, page, "paused-settings")
    world.forgive(400)
    assert found == []
