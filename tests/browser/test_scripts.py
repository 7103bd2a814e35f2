"""What the console's scripts add to its pages, in a real browser (make browser)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import World
from tests.browser.test_ways import target

# Streams by which a test itself tells a page something, the latest of them last.
PLAYED_STREAMS = """
window.streams = [];
window.EventSource = class extends EventTarget {
  static CLOSED = 2;
  readyState = 1;
  constructor(path) { super(); this.path = path; window.streams.push(this); }
  close() { this.readyState = 2; }
};
"""
TELL = """([name, data]) => window.streams.at(-1).dispatchEvent(new MessageEvent(name, { data }))"""
SEEN = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def streams(page: Page, states: list[int]) -> None:
    """Wait until a page has opened so many streams, and each is open (1) or closed (2)."""
    for _ in range(300):
        if (found := page.evaluate("window.streams.map((stream) => stream.readyState)")) == states:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the streams are {found}, not {states}")


def fire_of_rows(world: World, page: Page) -> str:
    """The path of a fire with three runs, none of which has ended, and a page with played streams."""
    target(world, "slow", "/later", completion="callback")
    world.ask("PUT", "/directory/contacts", [{"id": f"c{number}"} for number in range(3)])
    order = {"name": "Mail", "recurrence": "@yearly", "target": "slow", "audience": {"type": "contacts"}}
    made = world.ask("POST", "/schedules", order)
    fire = world.ask("POST", f"/schedules/{made['id']}/fire-now")
    world.until("/runs?state=running", 3)
    page.add_init_script(PLAYED_STREAMS)
    return f"{world.url}/console/fires/{fire['id']}"


def asked_for(page: Page, path: str) -> list[str]:
    """The requests for a page from now on, as they come."""
    found: list[str] = []
    page.on("request", lambda sent: found.append(sent.url) if sent.url == path else None)
    return found


def test_two_keys_lead_to_a_page_and_a_slash_to_its_search(world: World) -> None:
    page = world.person()
    for key, name in (
        ("s", "Schedules"),
        ("r", "Runs"),
        ("t", "Targets"),
        ("n", "Three steps to the first fire"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=name, exact=True)).to_be_visible()
    page.goto(f"{world.url}/console/targets")
    for key in ("g", "x", "s", "Control+g", "s"):
        page.keyboard.press(key)
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("gs/")
    expect(search).to_have_value("gs/")
    assert page.url.endswith("/console/targets")


def test_times_are_those_of_the_viewers_zone_and_tell_the_exact_instant(world: World) -> None:
    target(world, "hook", "/ok")
    made = world.ask("POST", "/schedules", {"name": "Yearly", "recurrence": "0 12 1 1 *", "target": "hook"})
    page = world.person()
    page.goto(f"{world.url}/console/schedules/{made['id']}")
    next_fire = page.get_by_role("region", name="Next fires").locator("time").first
    exact = next_fire.get_attribute("datetime") or ""
    assert next_fire.get_attribute("title") == exact
    there = datetime.fromisoformat(exact).astimezone(ZoneInfo("Europe/Paris"))
    expect(next_fire).to_contain_text(f"{there.year}, 1:00:00")


def test_what_is_shown_only_once_is_copied(world: World) -> None:
    target(world, "hook", "/ok")
    page = world.person()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{world.url}/console/events/webhooks/new")
    page.get_by_label("Address").fill(f"{world.receiver}/ok")
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#made").inner_text()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret


def test_the_palette_is_walked_around_and_closed_and_clicked(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/schedules")
    palette = page.get_by_role("dialog", name="Commands")
    page.get_by_role("button", name="Commands").click()
    options = palette.get_by_role("option")
    first, last = options.first, options.last
    expect(palette.get_by_role("option", name="New schedule")).to_have_count(1)
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Control+k")
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    page.mouse.click(3, 3)
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("dark LOOK")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Commands").click()
    palette.get_by_role("option", name="New schedule").click()
    expect(page.get_by_role("heading", name="New schedule")).to_be_visible()
    page.get_by_role("button", name="Commands").click()
    palette.get_by_role("option", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()


def test_what_the_palette_finds_of_what_was_typed_before_is_not_shown(world: World) -> None:
    target(world, "hook", "/ok")
    for name in ("Invoices", "Inventory"):
        world.ask("POST", "/schedules", {"name": name, "recurrence": "@daily", "target": "hook"})
    page = world.person()
    held: list[Route] = []
    page.route("**/find?q=inv", lambda route: held.append(route))
    page.get_by_role("button", name="Commands").click()
    palette = page.get_by_role("dialog", name="Commands")
    with page.expect_request("**/find?q=inv"):
        page.keyboard.type("inv")
    with page.expect_response("**/find?q=invo"):
        page.keyboard.type("o")
    expect(palette.get_by_role("option", name="Invoices")).to_be_visible()
    with page.expect_response("**/find?q=inv"):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(palette.get_by_role("option", name="Inventory")).to_have_count(0)


def test_days_become_a_recurrence_and_no_day_or_time_leaves_it(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/schedules/new")
    when = page.get_by_label("When", exact=True)
    page.get_by_text("Days and a time").click()
    page.get_by_role("checkbox", name="Sun").check()
    expect(when).to_have_value("0 9 * * 0")
    page.get_by_role("checkbox", name="Sun").uncheck()
    expect(when).to_have_value("0 9 * * 0")
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"):
        page.get_by_role("checkbox", name=day).check()
    expect(when).to_have_value("0 9 * * *")
    page.get_by_label("at", exact=True).fill("")
    expect(when).to_have_value("0 9 * * *")
    page.get_by_label("at", exact=True).fill("23:05")
    expect(when).to_have_value("5 23 * * *")
    expect(page.locator("#preview")).to_contain_text("23:05")


def test_the_preview_of_what_was_typed_before_is_not_shown(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/schedules/new")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "hourly" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/preview", hold)
    when = page.get_by_label("When", exact=True)
    with page.expect_request("**/preview"):
        when.fill("@hourly")
    when.fill("@yearly")
    preview = page.locator("#preview")
    expect(preview.locator("li").nth(1)).to_contain_text("-01-01")
    with page.expect_response(lambda answer: "hourly" in (answer.request.post_data or "")):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(preview.locator("li").nth(1)).to_contain_text("-01-01")


def test_figures_of_a_fire_come_by_its_stream_until_it_has_ended(world: World) -> None:
    page = world.person()
    path = fire_of_rows(world, page)
    page.goto(path)
    streams(page, [1])
    assert page.evaluate("window.streams[0].path").startswith("/console/live/fires/")
    sign = page.get_by_text("live", exact=True)
    expect(sign).to_be_hidden()
    page.evaluate(TELL, ["open", ""])
    expect(sign).to_be_visible()
    told = '{"runs": 3, "succeeded": 1, "failed": 1, "cancelled": 0, "all": 4, "ended": 2, "final": false}'
    page.evaluate(TELL, ["figures", told])
    assert page.locator("[data-figure]").all_inner_texts() == ["3", "1", "1", "0"]
    expect(page.locator("progress")).to_have_attribute("max", "4")
    expect(page.locator("progress")).to_have_attribute("value", "2")
    for run in world.ask("GET", "/runs")["items"]:
        world.ask("POST", f"/runs/{run['id']}/cancel")
    world.until("/runs?state=cancelled", 3)
    began = time.monotonic()
    page.evaluate(TELL, ["figures", told.replace("false", "true")])
    expect(page.locator('[data-figure="cancelled"]')).to_have_text("3")
    assert time.monotonic() - began < 2  # and not after the three seconds between two looks
    streams(page, [2])  # what has ended is followed no more
    expect(sign).to_be_hidden()


def test_the_first_page_is_renewed_when_its_stream_says_that_something_changed(world: World) -> None:
    target(world, "hook", "/ok")
    world.ask("POST", "/schedules", {"name": "Daily", "recurrence": "@yearly", "target": "hook"})
    page = world.person()
    page.add_init_script(PLAYED_STREAMS)
    page.clock.install()
    page.goto(f"{world.url}/console/")
    streams(page, [1])
    asked = asked_for(page, page.url)
    page.clock.run_for(20_000)
    assert asked == []
    page.evaluate(TELL, ["changed", ""])
    page.evaluate(TELL, ["changed", ""])
    with page.expect_response(page.url):
        page.clock.run_for(5_000)
    assert len(asked) == 1


def test_a_page_that_nobody_sees_follows_nothing_until_it_is_seen_again(world: World) -> None:
    page = world.person()
    path = fire_of_rows(world, page)
    page.goto(path)
    streams(page, [1])
    page.evaluate(SEEN, "hidden")
    streams(page, [2])
    with page.expect_request(path):
        page.evaluate(SEEN, "visible")
    streams(page, [2, 1])


def test_a_page_whose_stream_is_refused_asks_now_and_then_and_one_that_is_cut_off_waits(world: World) -> None:
    page = world.person()
    path = fire_of_rows(world, page)
    page.clock.install()
    page.goto(path)
    streams(page, [1])
    asked = asked_for(page, path)
    page.evaluate(TELL, ["open", ""])
    page.evaluate(TELL, ["error", ""])
    expect(page.get_by_text("live", exact=True)).to_be_hidden()
    page.clock.run_for(10_000)
    assert asked == []
    page.evaluate("window.streams[0].close()")
    page.evaluate(TELL, ["error", ""])
    with page.expect_response(path):
        page.clock.run_for(3_000)


def test_a_list_of_events_begins_where_it_was_empty_and_keeps_the_latest_hundred(world: World) -> None:
    target(world, "hook", "/ok")
    made = world.ask("POST", "/schedules", {"name": "Daily", "recurrence": "@yearly", "target": "hook"})
    world.ask("GET", "/events")  # from the first look on they are recorded
    page = world.person()
    page.add_init_script(PLAYED_STREAMS)
    page.goto(f"{world.url}/console/events")
    streams(page, [1])
    world.ask("POST", f"/schedules/{made['id']}/fire-now")
    world.until("/events")
    row = '<tr><td><time datetime="2026-01-01T11:00:00Z">raw</time></td><td>new {}</td></tr>'
    page.evaluate(TELL, ["rows", row.format(0)])
    rows = page.locator("#events tr")
    expect(rows.first).to_contain_text("Daily")
    page.evaluate(TELL, ["rows", "".join(map(row.format, range(130)))])
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("12:00:00")
    expect(rows.first).to_contain_text("new 0")
    expect(rows.last).to_contain_text("new 99")


@pytest.mark.parametrize("busy", ["focus", "selection", ""])
def test_what_somebody_has_in_hand_is_not_replaced_under_them(world: World, busy: str) -> None:
    target(world, "hook", "/ok")
    made = world.ask("POST", "/schedules", {"name": "Daily", "recurrence": "@yearly", "target": "hook"})
    world.ask("POST", f"/schedules/{made['id']}/fire-now")
    world.until("/runs?state=succeeded")
    page = world.person()
    page.clock.install()
    page.goto(f"{world.url}/console/runs")
    table = page.get_by_role("region", name="Runs")
    table.evaluate("(it) => { it.dataset.mine = 'yes'; }")
    if busy == "focus":
        table.focus()
    if busy == "selection":
        table.evaluate("(it) => getSelection().selectAllChildren(it)")
    for _ in range(2):
        with page.expect_response(f"{world.url}/console/runs"):
            page.clock.run_for(5_000)
    page.wait_for_timeout(50)
    expect(table).to_have_attribute("data-mine", "yes") if busy else expect(table).not_to_have_attribute(
        "data-mine", "yes"
    )


def upload(page: Page, content: bytes) -> None:
    file: Any = {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File").set_input_files(file)


def test_of_a_large_file_the_whole_lines_of_its_beginning_are_looked_at(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    lines = [f"c{number},Ann,gold" for number in range(6_000)]
    with page.expect_request("**/columns") as asked:
        upload(page, ("id,name,plan\n" + "\n".join(lines)).encode())
    (text,) = parse_qs(asked.value.post_data or "")["text"]
    assert 60_000 < len(text) <= 65_536
    assert text.endswith(",gold\n")
    with page.expect_request("**/columns") as asked:
        upload(page, b"id,name\nc1,Ann")
    assert parse_qs(asked.value.post_data or "")["text"] == ["id,name\nc1,Ann"]


def held_back(page: Page, path: str) -> list[Route]:
    """The requests for a path, which go on only when the test says so."""
    held: list[Route] = []
    page.route(path, lambda route: held.append(route))
    return held


def let_go(page: Page, held: list[Route], at: int = 0) -> None:
    """Let a request go on that is held back, or that the page is about to send."""
    for _ in range(300):
        if len(held) > at:
            return held[at].continue_()
        page.wait_for_timeout(50)
    raise AssertionError(f"the page has sent {len(held)} requests, not {at + 1}")


def test_a_file_that_is_chosen_before_the_script_is_there_is_looked_at(world: World) -> None:
    page = world.person()
    script = held_back(page, "**/upload.js")
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    upload(page, b"id,plan\nc1,gold\n")
    let_go(page, script)
    expect(page.get_by_label("What plan stands for")).to_be_visible()


def test_what_is_entered_before_the_script_is_there_has_a_preview(world: World) -> None:
    page = world.person()
    script = held_back(page, "**/editor.js")
    page.goto(f"{world.url}/console/schedules/new")
    page.get_by_text("Days and a time").click()
    page.get_by_role("checkbox", name="Sun").check()
    let_go(page, script)
    expect(page.get_by_label("When", exact=True)).to_have_value("0 9 * * 0")
    expect(page.locator("#preview")).to_contain_text("9:00")
    page.goto(f"{world.url}/console/schedules/new")
    page.get_by_label("When", exact=True).fill("5 23 * * *")
    let_go(page, script, 1)
    expect(page.locator("#preview")).to_contain_text("23:05")


def test_of_two_files_that_are_chosen_in_turn_the_columns_of_the_second_are_shown(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    asked = held_back(page, "**/columns")
    with page.expect_request("**/columns"):
        upload(page, b"id,plan\nc1,gold\n")
    with page.expect_request("**/columns"):
        upload(page, b"id,town\nc1,Oslo\n")
    let_go(page, asked, 1)
    expect(page.get_by_label("What town stands for")).to_be_visible()
    with page.expect_response("**/columns"):
        let_go(page, asked)
    page.wait_for_timeout(100)
    expect(page.get_by_label("What town stands for")).to_be_visible()


def test_a_file_that_could_not_be_looked_at_is_not_sent_before_its_columns_are_shown(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    page.route("**/columns", lambda route: route.abort())
    upload(page, b"id,plan\nc1,gold\n")
    expect(page.get_by_text("The file could not be looked at")).to_be_visible()
    world.faults.clear()
    page.unroute("**/columns")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_label("What plan stands for")).to_be_visible()
    assert world.ask("GET", "/directory/contacts")["items"] == []


def test_an_upload_that_does_not_arrive_says_so_and_is_sent_again(world: World) -> None:
    page = world.person()
    page.goto(f"{world.url}/console/audiences/directory/contacts/upload")
    upload(page, b"id,name,plan\nc1,Ann,gold\n")
    send = page.get_by_role("button", name="Upload")
    expect(send).to_be_visible()
    page.route("**/upload?columns=*", lambda route: route.abort())
    send.click()
    expect(page.get_by_text("The server could not be reached")).to_be_visible()
    world.faults.clear()
    page.unroute("**/upload?columns=*")
    send.click()
    expect(page.get_by_role("heading", name="1 contact stored")).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    (item,) = world.ask("GET", "/directory/contacts")["items"]
    assert (item["id"], item["name"], item["custom_fields"]) == ("c1", "Ann", {"plan": "gold"})
