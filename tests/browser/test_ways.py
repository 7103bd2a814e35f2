"""The ways that a person takes through the console, in a real browser (make browser)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import World


def target(world: World, key: str, path: str) -> None:
    executor = {"type": "http", "url": f"{world.receiver}{path}"}
    world.ask("POST", "/targets", {"key": key, "kind": "workflow", "name": key, "executor": executor})


def test_from_an_empty_server_to_the_first_fire(world: World) -> None:
    page = world.person()
    page.get_by_role("link", name="Make a target").click()
    page.get_by_label("Name", exact=True).fill("Hook")
    page.get_by_label("Address").fill(f"{world.receiver}/ok")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    page.get_by_role("link", name="Make a schedule for it").click()
    page.get_by_label("Name", exact=True).fill("First")
    page.get_by_label("When", exact=True).fill("@every 1s")
    page.get_by_role("button", name="Make it").click()
    world.until("/runs?state=succeeded")
    page.goto(f"{world.url}/console/")
    expect(page.get_by_role("region", name="Runs").get_by_text("succeeded").first).to_be_visible()


def test_the_next_fires_are_shown_while_one_types_over_a_clock_change(world: World) -> None:
    target(world, "hook", "/ok")
    page = world.person()
    page.goto(f"{world.url}/console/schedules/new")
    page.get_by_label("When", exact=True).fill("30 2 29 3 *")
    page.get_by_label("Time zone").fill("Europe/Paris")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("At 02:30, on day 29 of the month")
    page.get_by_label("When", exact=True).fill("nonsense")
    expect(preview.locator(".wrong")).to_be_visible()


def test_why_a_slot_did_not_fire_is_found_out(world: World) -> None:
    target(world, "hook", "/ok")
    made = world.ask("POST", "/schedules", {"name": "Paused", "recurrence": "@every 1s", "target": "hook"})
    page = world.person()
    page.goto(f"{world.url}/console/schedules/{made['id']}")
    page.get_by_role("link", name="Pause").click()
    page.get_by_label("Note").fill("month end")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Note: month end")).to_be_visible()
    page.get_by_label("What happened, or will, at").fill("2030-01-01 00:00")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("the schedule is paused; this slot will not fire")).to_be_visible()


def test_a_page_stays_up_to_date_by_itself(world: World) -> None:
    target(world, "hook", "/ok")
    world.ask("POST", "/schedules", {"name": "Later", "recurrence": "0 0 1 1 *", "target": "hook"})
    page = world.person()
    page.goto(f"{world.url}/console/runs")
    expect(page.get_by_text("Nothing has run in this workspace yet")).to_be_visible()
    schedule = world.ask("GET", "/schedules")["items"][0]["id"]
    world.ask("POST", f"/schedules/{schedule}/fire-now")
    expect(page.get_by_text("succeeded", exact=False).nth(1)).to_be_visible()


def test_without_a_script_pages_are_read_and_forms_sent(world: World) -> None:
    target(world, "hook", "/ok")
    signed_in = world.person().context.storage_state()
    context = world.browser.new_context(java_script_enabled=False, storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{world.url}/console/schedules/new")
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_label("Target", exact=True).select_option(label="hook")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Plain")).to_be_visible()
    page.get_by_label("Look").select_option("dark")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
