"""The ways that a person takes through the console, in a real browser (make browser)."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import RULES, World


def target(world: World, key: str, path: str, **given: str) -> None:
    executor = {"type": "http", "url": f"{world.receiver}{path}"}
    world.ask(
        "POST", "/targets", {"key": key, "kind": "workflow", "name": key, "executor": executor, **given}
    )


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
    for path in ("", "schedules", "runs", "targets", "audiences", "keys", "audit", "settings"):
        page.goto(f"{world.url}/console/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_label("Look").select_option("dark")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


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
    expect(page.get_by_label("What E-Mail stands for")).to_have_value("id")
    page.get_by_label("What Plan stands for").select_option(label="leave it out")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="contacts stored")).to_contain_text("000")
    items = world.ask("GET", "/directory/contacts?limit=2")["items"]
    assert [(item["id"], item["name"], item["custom_fields"]) for item in items] == [
        ("ann0@example.com", "Ann 0", {}),
        ("ann1000@example.com", "Ann 1000", {}),
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


def test_the_palette_leads_by_keyboard_to_pages_and_schedules(world: World) -> None:
    target(world, "hook", "/ok")
    world.ask("POST", "/schedules", {"name": "Invoices nightly", "recurrence": "@daily", "target": "hook"})
    page = world.person()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(palette.get_by_role("combobox")).to_be_focused()
    assert Axe().run(page, options=RULES).response["violations"] == []
    page.keyboard.type("invoic")
    expect(palette.get_by_role("option", name="Invoices nightly")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invoices nightly")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
