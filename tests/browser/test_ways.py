"""The ways that a person takes through the console, in a real browser (make browser)."""

from __future__ import annotations

import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from tests.browser.conftest import RULES, World


def target(world: World, key: str, path: str, **given: str) -> None:
    executor = {"type": "http", "url": f"{world.receiver}{path}"}
    world.ask(
        "POST", "/targets", {"key": key, "kind": "workflow", "name": key, "executor": executor, **given}
    )


def test_from_an_empty_server_to_the_first_fire_with_the_built_in_target(world: World) -> None:
    page = world.person()
    began = time.monotonic()
    page.get_by_role("button", name="Use the echo target").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("Your first schedule is on the clock")).to_be_visible()
    page.set_default_timeout(60_000)
    runs = page.get_by_role("region", name="Runs")
    expect(runs.get_by_text("succeeded").first).to_be_visible(timeout=60_000)  # the page renews itself
    assert time.monotonic() - began < 60
    runs.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Answer")).to_be_visible()


def test_from_an_empty_server_to_the_first_fire_of_ones_own_target(world: World) -> None:
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
    when = page.get_by_label("When", exact=True)
    page.get_by_label("Time zone").fill("Europe/Paris")
    when.fill("30 2 25-31 3 *")  # the clocks go forward on one of these days
    preview = page.locator("#preview")
    expect(preview).to_contain_text("At 02:30")
    expect(preview.locator(".mixed").first).to_be_visible()
    when.fill("nonsense")
    expect(preview.locator(".wrong")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Over the change")
    page.get_by_label("Target", exact=True).select_option(label="hook")
    when.fill("30 2 25-31 3 *")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Over the change")).to_be_visible()
    expect(page.get_by_role("region", name="Next fires").locator(".mixed").first).to_be_visible()


def test_rhythms_are_clicked_days_are_chosen_and_policies_are_explained_by_pictures(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/schedules/new")
    when = page.get_by_label("When", exact=True)
    page.get_by_role("button", name="every hour").click()
    expect(when).to_have_value("0 * * * *")
    expect(page.locator("#preview")).to_contain_text("minute 0")
    page.get_by_text("Days and a time").click()
    page.get_by_role("checkbox", name="Mon").check()
    page.get_by_role("checkbox", name="Thu").check()
    page.get_by_label("at", exact=True).fill("07:30")
    expect(when).to_have_value("30 7 * * 1,4")
    expect(page.locator("#preview")).to_contain_text("07:30")
    page.get_by_text("What if it is late").click()
    for words in ("Fires run side by side", "No missed slot fires"):
        choice = page.locator("label", has_text=words)
        expect(choice.locator("svg")).to_be_visible()
        choice.get_by_role("radio").check()


def test_a_target_is_called_once_and_the_whole_exchange_is_shown(world: World) -> None:
    target(world, "hook", "/flaky")
    page = world.person()
    page.goto(f"{world.url}/console/targets/hook")
    page.get_by_role("link", name="Test call").click()
    page.get_by_label("Input, as JSON").fill('{"who": "Ann"}')
    page.get_by_role("button", name="Call it now").click()
    expect(page.get_by_text("the target answered 503")).to_be_visible()
    request = page.get_by_role("region", name="Request")
    expect(request).to_contain_text("POST http://127.0.0.1")
    expect(request).to_contain_text('"who": "Ann"')
    expect(page.get_by_role("region", name="Answer")).to_contain_text("503")
    page.get_by_role("button", name="Call it again").click()
    expect(page.get_by_label("Input, as JSON")).to_have_value('{"who": "Ann"}')


def test_events_come_by_themselves_and_a_webhook_is_made_rotated_switched_and_replayed(world: World) -> None:
    target(world, "hook", "/ok")
    page = world.person()
    page.goto(f"{world.url}/console/events")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_role("link", name="New webhook").click()
    page.get_by_label("Address").fill(f"{world.receiver}/events")
    page.get_by_label("Name", exact=True).fill("Alerts")
    page.get_by_label("fire.* (all of them)").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    page.get_by_role("link", name="Look at it").click()
    hook = page.url
    made = world.ask("POST", "/schedules", {"name": "Daily", "recurrence": "@yearly", "target": "hook"})
    page.goto(f"{world.url}/console/events")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    world.ask("POST", f"/schedules/{made['id']}/fire-now")
    row = page.get_by_role("region", name="Events").get_by_role("row", name="Daily")
    expect(row).to_be_visible()
    page.get_by_label("Type").select_option("fire.failed")
    expect(page.get_by_text("No event matches these filters")).to_be_visible()
    assert "type=fire.failed" in page.url
    page.goto(hook)
    expect(page.get_by_role("region", name="Deliveries").get_by_text("delivered")).to_be_visible()
    page.get_by_role("link", name="Replay from here").click()
    page.get_by_role("button", name="Send them again").click()
    expect(page.get_by_role("heading", name="1 event looked at")).to_be_visible()
    page.goto(hook)
    page.get_by_role("link", name="New secret").click()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    page.goto(hook)
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("disabled by request")).to_be_visible()
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("The webhook is enabled again")).to_be_visible()


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
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    expect(page.get_by_label("File")).to_be_hidden()
    page.get_by_text("Or paste the text").click()
    page.get_by_label("CSV").fill("id,name\na,Ann\n")
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="1 contact stored")).to_be_visible()
    page.goto(f"{world.url}/console/keys/new")
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_label("see runs, fires and the ledger").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.goto(f"{world.url}/console/events/webhooks/new")
    page.get_by_label("Address").fill(f"{world.receiver}/ok")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown only now")).to_be_visible()
    page.goto(f"{world.url}/console/targets/hook/test")
    page.get_by_role("button", name="Call it now").click()
    expect(page.get_by_text("It answered with status 200")).to_be_visible()
    page.goto(f"{world.url}/console/schedules/many?action=pause")
    page.get_by_role("button", name="Pause 1").click()
    expect(page.get_by_role("heading", name="1 paused")).to_be_visible()
    for path in ("", "schedules", "runs", "targets", "audiences", "events", "keys", "audit", "settings"):
        page.goto(f"{world.url}/console/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_label("Look").select_option("dark")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_without_a_script_pauses_and_maintenance_windows_are_made_and_ended(world: World) -> None:
    target(world, "hook", "/ok")
    made = world.ask("POST", "/schedules", {"name": "Daily", "recurrence": "@daily", "target": "hook"})
    signed_in = world.person().context.storage_state()
    page = world.browser.new_context(java_script_enabled=False, storage_state=signed_in).new_page()
    page.goto(f"{world.url}/console/settings/pause")
    page.get_by_label("Note: why it is paused").fill("The CRM moves")
    page.get_by_role("button", name="Pause everything").click()
    banner = page.locator(".banner")
    expect(banner).to_contain_text("The CRM moves")
    banner.get_by_role("link", name="Change the pause").click()
    page.get_by_label("Until", exact=True).fill("2099-01-01 09:00")
    page.get_by_role("button", name="Save").click()
    expect(banner).to_contain_text("until 1 Jan 2099")
    banner.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The workspace is resumed")).to_be_visible()
    page.goto(f"{world.url}/console/schedules/{made['id']}")
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Nothing of it fires until it is resumed")).to_be_visible()
    page.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The schedule is active again")).to_be_visible()
    for place in ("settings", f"schedules/{made['id']}"):
        page.goto(f"{world.url}/console/{place}")
        page.get_by_role("link", name="New maintenance window").click()
        page.get_by_label("When it begins").fill("0 2 1 1 *")
        page.get_by_label("How long it holds").fill("long")
        page.get_by_role("button", name="Make it").click()
        expect(page.locator("#duration-wrong")).to_contain_text("must be a length of time")
        page.get_by_label("How long it holds").fill("2h")
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_text("The maintenance window is made")).to_be_visible()
        page.get_by_role("link", name="Remove").click()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("has no maintenance window")).to_be_visible()


def test_a_maintenance_window_is_made_with_its_next_times_while_one_types(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/settings")
    page.get_by_role("link", name="New maintenance window").click()
    preview = page.locator("#preview")
    page.get_by_label("How long it holds").fill("3h")
    page.get_by_label("Time zone").fill("Europe/Paris")
    page.get_by_role("button", name="on the 1st of the month at 2:00").click()
    expect(preview).to_contain_text("02:00:00")
    expect(preview).to_contain_text("until")
    page.get_by_label("When it begins").fill("* * * * *")
    expect(preview.locator(".wrong")).to_contain_text("more often than once an hour")
    page.get_by_label("When it begins").fill("0 1 1 1 *")
    expect(preview).to_contain_text("04:00:00 +01:00")
    page.get_by_label("Note: why it is there").fill("Backups")
    page.get_by_role("button", name="Make it").click()
    windows = page.get_by_role("region", name="Maintenance windows")
    expect(windows).to_contain_text("Backups")
    expect(windows).to_contain_text("3 h")
    (made,) = world.ask("GET", "/workspaces/current/windows")["items"]
    assert (made["recurrence"], made["duration"]) == ("0 1 1 1 *", 3 * 3600)


def test_why_a_slot_was_skipped_is_found_out(world: World) -> None:
    target(world, "slow", "/later", completion="callback")
    made = world.ask("POST", "/schedules", {"name": "Slow", "recurrence": "@every 1s", "target": "slow"})
    page = world.person()
    world.until(f"/schedules/{made['id']}/ledger", 2)  # the fire, and the span of what was skipped
    page.goto(f"{world.url}/console/schedules/{made['id']}")
    ledger = page.get_by_role("region", name="Ledger")
    ledger.get_by_role("link", name="Why?").first.click()
    expect(page.get_by_text("an earlier fire of this schedule was still running")).to_be_visible()


def test_all_schedules_of_one_customer_are_paused(world: World) -> None:
    target(world, "hook", "/ok")
    for name, customer in (("One", "acme"), ("Two", "acme"), ("Three", "other")):
        body = {"name": name, "recurrence": "@daily", "target": "hook", "labels": {"customer": customer}}
        world.ask("POST", "/schedules", body)
    page = world.person()
    page.goto(f"{world.url}/console/schedules")
    page.get_by_role("link", name="customer:acme").first.click()
    page.get_by_role("link", name="pause", exact=True).click()
    expect(page.get_by_role("heading", name="Pause 2 schedules")).to_be_visible()
    page.get_by_label("Note").fill("contract ended")
    page.get_by_role("button", name="Pause 2").click()
    expect(page.get_by_role("heading", name="2 paused")).to_be_visible()
    states = {item["name"]: item["state"] for item in world.ask("GET", "/schedules")["items"]}
    assert states == {"One": "paused", "Two": "paused", "Three": "active"}


def test_the_whole_workspace_is_paused_with_a_note_and_resumed_with_a_choice(world: World) -> None:
    target(world, "hook", "/ok")
    world.ask("POST", "/schedules", {"name": "Beat", "recurrence": "@every 1s", "target": "hook"})
    world.until("/runs?state=succeeded", 1)  # so that there is something to pause
    page = world.person()
    page.get_by_role("link", name="Pause everything").click()
    page.get_by_label("Note: why it is paused").fill("The CRM moves")
    page.get_by_label("Until", exact=True).fill("tomorrow")
    page.get_by_role("button", name="Pause everything").click()
    expect(page.get_by_text("write a time such as")).to_be_visible()
    world.forgive(400)
    page.get_by_label("Until", exact=True).fill("2099-01-01 09:00")
    page.get_by_role("button", name="Pause everything").click()
    banner = page.locator(".banner")
    expect(banner).to_contain_text("The workspace is paused")
    expect(banner).to_contain_text("The CRM moves")
    expect(banner).to_contain_text("2099")
    page.goto(f"{world.url}/console/schedules")
    expect(banner).to_contain_text("The CRM moves")
    time.sleep(2.5)  # slots of the pause
    banner.get_by_role("link", name="Resume").click()
    page.locator("label", has_text="The latest slot of the pause fires at its end").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The workspace is resumed")).to_be_visible()
    expect(banner).to_be_hidden()
    made = world.ask("GET", "/schedules")["items"][0]["id"]
    fires = world.until(f"/schedules/{made}/fires?kind=clock", 2)
    assert any(fire["missed"] for fire in fires)


def test_a_fan_out_is_followed_live_and_its_failures_are_run_again(world: World) -> None:
    target(world, "hook", "/flaky")
    world.ask("PUT", "/directory/contacts", [{"id": f"c{number}"} for number in range(12)])
    order = {"name": "Mail", "recurrence": "@yearly", "target": "hook", "audience": {"type": "contacts"}}
    made = world.ask("POST", "/schedules", {**order, "policies": {"retry": {"max_attempts": 1}}})
    page = world.person()
    page.goto(f"{world.url}/console/schedules/{made['id']}")
    page.get_by_role("link", name="Fire now").click()
    expect(page.get_by_text("12 runs will be made")).to_be_visible()
    page.get_by_role("button", name="Fire for 12 rows").click()
    replay = page.get_by_role("link", name="Run the failed rows again")
    expect(replay).to_be_visible()  # the page renews itself until the fire has ended
    world.ask("PATCH", "/targets/hook", {"executor": {"type": "http", "url": f"{world.receiver}/ok"}})
    expect(page.locator("progress")).to_have_attribute("value", "12")
    replay.click()
    page.get_by_role("button", name="Run 12 rows again").click()
    world.until("/runs?state=succeeded", 12)
    page.reload()
    page.get_by_role("link", name="succeeded").click()
    expect(page.get_by_role("region", name="Runs").get_by_text("c11")).to_be_visible()


def test_contacts_are_uploaded_with_their_columns_mapped(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/audiences")
    page.get_by_role("link", name="Upload contacts").click()
    lines = "".join(f"ann{number}@example.com,Ann {number},gold\n" for number in range(3_000))
    content = f"E-Mail,Full name,Plan\n{lines}".encode()
    page.get_by_label("File").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    )
    expect(page.get_by_role("heading", name="What the columns stand for")).to_be_visible()
    expect(page.get_by_label("What E-Mail stands for")).to_have_value("id and email")
    page.get_by_label("What Plan stands for").select_option(label="leave it out")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="contacts stored")).to_contain_text("000")
    items = world.ask("GET", "/directory/contacts?limit=2")["items"]
    assert [(item["id"], item["email"], item["name"], item["custom_fields"]) for item in items] == [
        ("ann0@example.com", "ann0@example.com", "Ann 0", {}),
        ("ann1000@example.com", "ann1000@example.com", "Ann 1000", {}),
    ]


def test_a_key_is_made_with_scopes_and_a_grant(world: World) -> None:
    target(world, "nightly", "/ok")
    page = world.person()
    page.goto(f"{world.url}/console/keys")
    page.get_by_role("link", name="New person or service").click()
    page.get_by_label("Name", exact=True).fill("Reports")
    page.get_by_label("nightly").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It may schedule nightly.")).to_be_visible()
    page.get_by_role("link", name="New key for it").click()
    page.get_by_label("Name", exact=True).fill("for the report job")
    page.get_by_label("make, change, pause, resume and fire schedules").check()
    page.get_by_role("button", name="Make it").click()
    key = page.locator("#made").inner_text().strip()
    me = world.ask("GET", "/me", key=key)
    assert (me["principal"]["name"], me["key"]["scopes"]) == ("Reports", ["schedules:write"])
    page.get_by_role("link", name="All keys").click()
    page.get_by_role("link", name="Revoke for the report job").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("revoked", exact=False).first).to_be_visible()
    assert key not in page.content()


def _late(route: Route) -> None:
    """A file that arrives half a second after all others, as on a slow line."""
    time.sleep(0.5)
    route.continue_()


def test_the_palette_leads_by_keyboard_to_pages_and_schedules(world: World) -> None:
    target(world, "hook", "/ok")
    world.ask("POST", "/schedules", {"name": "Invoices nightly", "recurrence": "@daily", "target": "hook"})
    page = world.person()
    page.route("**/palette.js*", _late)
    page.reload()
    keys_work = expect(page.get_by_role("button", name="Commands"))
    keys_work.to_be_visible()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(palette.get_by_role("combobox")).to_be_focused()
    assert Axe().run(page, options=RULES).response["violations"] == []
    page.keyboard.type("invoic")
    expect(palette.get_by_role("option", name="Invoices nightly")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invoices nightly")).to_be_visible()
    keys_work.to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
