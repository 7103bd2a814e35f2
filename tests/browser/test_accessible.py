"""Every page is fit for all: no violation of WCAG 2.2 AA, and nothing is wider than the window (make browser).

With SHOTS set to a folder, a picture of each page is put there, to be looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe

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
    me = world.ask("GET", "/me")
    run = world.until("/runs?target=flaky&state=failed")[0]["id"]
    world.until("/runs?target=good&state=succeeded", 2)
    own = f"/schedules/{schedule}"
    return [
        *("/", "/schedules", "/schedules/new", "/runs", "/targets", "/targets/new", "/nowhere"),
        *(own, f"{own}/why?at=2027-01-01+09:00", f"{own}/edit", f"{own}/pause", f"{own}?month=2027-03"),
        *(f"{own}/versions", f"{own}/backfill?from=2026-03-27&to=2026-04-02", f"/schedules/{audience}/fire"),
        *("/schedules/many?action=pause", f"/runs/{run}", f"/fires/{fire}", f"/fires/{fire}/replay"),
        *("/targets/flaky", "/audiences?type=contacts", "/audiences/directory/contacts"),
        *("/audiences/directory/users", "/audiences/directory/contacts/upload", "/keys", "/keys/new"),
        *(f"/keys/{me['key']['id']}/revoke", "/principals/new", f"/principals/{me['principal']['id']}"),
        *("/audit", "/settings", "/switch", "/workspaces", "/workspaces/new", "/sign-in"),
    ]


def test_every_page_is_accessible_and_fits_its_window(server_world: World) -> None:
    page = server_world.person()
    found: list[object] = []
    for path in paths_of(server_world):
        page.goto(f"{server_world.url}/console{path}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wider = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wider > 0:
                found.append((path, width, f"{wider} pixels too wide"))
            for look in LOOKS:
                page.emulate_media(color_scheme=look)
                violations = Axe().run(page, options=RULES).response["violations"]
                found += [(path, width, look, each["id"], each["nodes"][0]["html"]) for each in violations]
                if SHOTS:
                    name = re.sub(
                        r"[^a-z]+", "-", re.sub(r"[a-z]+_[0-9A-Z]{26}", "id", path.partition("?")[0])
                    )
                    picture = Path(SHOTS) / f"{name.strip('-') or 'now'}-{width}-{look}.png"
                    page.screenshot(path=picture, full_page=True)
    assert found == []
