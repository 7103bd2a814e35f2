"""The pages: who sees what, what they say, and that nothing that somebody chose can break them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.api.asking import BASE, ask, scheduled
from tests.console.browsing import signed_in, stranger
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"
HOSTILE = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "\u202eevil\u2066 \u200f",
    "{{ 7 * 7 }}{% raw %}",
    "ש" * 60 + "!",
    "a" * 199,
]


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def world(house: House, **given: object) -> dict[str, str]:
    """A schedule that has fired; the paths of its pages."""
    made = await scheduled(house, **{"recurrence": "0 13 * * *", "labels": {"team": "a"}, **given})
    window = {"recurrence": "0 2 * * 0", "duration": "2h", "note": given.get("description")}
    for place in ("/workspaces/current", f"/schedules/{made['id']}"):
        await ask(house, "POST", f"{place}/windows", window, 201)
    await house.move("2026-03-01T13:00:00Z")
    run = (await ask(house, "GET", "/runs"))["items"][0]
    return {
        "schedule": f"/schedules/{made['id']}",
        "edit": f"/schedules/{made['id']}/edit",
        "why": f"/schedules/{made['id']}/why?at=2026-03-01+13:00",
        "delete": f"/schedules/{made['id']}/delete",
        "versions": f"/schedules/{made['id']}/versions",
        "pause": f"/schedules/{made['id']}/pause",
        "windows": f"/schedules/{made['id']}/windows",
        "backfill": f"/schedules/{made['id']}/backfill?from=2026-02-01&to=2026-03-01",
        "run": f"/runs/{run['id']}",
        "fire": f"/fires/{run['fire']}",
        "target": f"/targets/{made['target']}",
    }


LISTS = [
    *("/", "/schedules", "/runs", "/targets", "/schedules/new", "/targets/new"),
    *("/audiences", "/audiences/directory/contacts", "/audiences/directory/contacts/upload"),
    *("/keys", "/keys/new", "/principals/new", "/audit", "/settings", "/switch"),
    *("/settings/pause", "/settings/windows"),
    *("/events", "/events/webhooks", "/events/webhooks/new"),
]


async def test_every_page_is_whole_strict_and_loads_nothing_from_elsewhere() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        places = await world(house)
        for path in (*LISTS, *places.values(), "/nowhere"):
            answer = await person.client.get(f"/console{path}")
            assert answer.status_code == (404 if path == "/nowhere" else 200), path
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert len(answer.content) < 150_000, path
            tags = Tags(answer.text).found
            assert [tag for tag, _ in tags].count("h1") == 1, path
            for tag, attributes in tags:
                assert "style" not in attributes, path
                assert not any(name.startswith("on") for name in attributes), path
                assert tag != "style"
                assert tag != "script" or attributes.get("src")
                for name in ("src", "href", "action"):
                    link = attributes.get(name)
                    assert link is None or link.startswith(("/console", "#")), (path, link)


async def test_the_files_of_pages_can_be_kept_by_browsers() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        page = await person.see("/sign-in")
        for link in re.findall(r'"/console(/static/[^"]+)"', page):
            answer = await person.client.get(f"/console{link}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            for other in ("", "?v=of-another-version"):
                answer = await person.client.get(f"/console{link.partition('?')[0]}{other}")
                assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert (await person.client.get("/console/static/../app.py")).status_code != 200
        await person.see("/static/nothing.js", 404)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_is_shown_as_a_text_and_breaks_nothing(name: str) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await house.client.put(
            f"{BASE}/targets/by-key/t",
            json={
                "kind": "workflow",
                "name": name,
                "executor": {"type": "http", "url": "https://example.com/x"},
            },
        )
        places = await world(
            house, name=name, description=name, input={name: name}, labels={"team": name[:190]}
        )
        for path in (*LISTS, *places.values()):
            page = await person.see(path)
            tags = Tags(page).found
            assert all(
                attributes.get("src", "").startswith("/console") for tag, attributes in tags if tag == "img"
            )
            assert [tag for tag, _ in tags].count("script") == 1
            assert "\u202e" not in re.sub(r'value="[^"]*"|<textarea.*?</textarea>', "", page, flags=re.DOTALL)


async def test_a_text_of_ten_thousand_characters_does_not_fill_a_page() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        long = "x" * 10_000
        places = await world(house, description=long, input={"long": long})
        page = await person.see(places["schedule"])
        assert long in page  # the input is shown whole, where it can be scrolled
        await person.client.get(f"/console/schedules?search={long[:2000]}")
        await person.see(f"/schedules?search={long[:2100]}", 400)


async def test_a_stranger_sees_nothing_of_another_workspace() -> None:
    async with House.open(NOW) as house:
        places = await world(house, name="A secret name")
        other = await house.workspace("other")
        async with signed_in(house, other) as person:
            for path in places.values():
                assert "A secret name" not in await person.see(path, 404)
            for path in LISTS:
                assert "A secret name" not in await person.see(path)
            page = await person.see("/targets/new")
            for action in ("pause", "resume", "fire", "delete", "edit"):
                await person.send(f"{places['schedule']}/{action}", page, 404)
            for action in ("cancel", "retry"):
                await person.send(f"{places['run']}/{action}", page, 404)
            await person.send(f"{places['target']}/disable", page, 404)


async def test_a_key_sees_and_does_what_its_scopes_allow() -> None:
    async with House.open(NOW) as house:
        places = await world(house)
        async with signed_in(house, key=await house.key_with("schedules:read")) as person:
            page = await person.see("/")
            assert "lacks the scope runs:read" in page
            shown = await person.see(places["schedule"])
            assert "Fire now" not in shown
            for path in ("/runs", "/targets", places["run"], places["delete"]):
                assert "lacks the scope" in await person.see(path, 403)
            await person.send(f"{places['schedule']}/fire", page, 403)


async def test_an_empty_server_shows_the_steps_to_the_first_fire() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        assert "Three steps to the first fire" in await person.see("/")
        page = await person.see("/targets/new")
        made = await person.send(
            "/targets/new", page, 201, name="Hook", url="https://example.com/hook", kind="workflow"
        )
        assert "whsec_" in made.text
        assert "Make a schedule" in await person.see("/")


async def test_what_is_wrong_with_a_target_is_said_at_its_field() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/targets/new")
        shown = await person.send("/targets/new", page, 400, name="", url="ftp://x")
        assert 'id="name" name="name" value="" required aria-invalid="true"' in shown.text
        assert 'value="ftp://x" required aria-invalid="true"' in shown.text


async def test_the_first_page_says_what_ran_what_fails_and_what_comes() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await world(house, name="Nightly")
        page = await person.see("/")
        assert "Nightly" in page
        assert "Nothing runs" not in page


async def test_the_first_page_says_why_nothing_runs() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        await ask(house, "POST", f"/schedules/{made['id']}/pause")
        assert "every schedule that is not over is paused (1)" in await person.see("/")
        await house.services.store.urgent(_stop_all, house)
        assert "none that is alive has the role engine" in await person.see("/")


async def _stop_all(tx: object, house: House) -> None:
    from horarium.store.verbs import nodes

    await nodes.stop(tx, house.node, house.clock.now)  # type: ignore[arg-type]


async def test_lists_are_filtered_by_their_address() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="Alpha", labels={"team": "red"})
        await scheduled(house, name="Beta")
        page = await person.see("/schedules?label=team:red")
        assert "Alpha" in page
        assert "Beta" not in page
        assert "Beta" in await person.see("/schedules?search=bet&state=active&target=t")
        assert "No schedule matches" in await person.see("/schedules?state=paused")
        await person.see("/schedules?state=nonsense", 400)
        await person.see("/schedules?cursor=nonsense", 400)


async def test_a_schedule_says_when_it_fires_what_it_did_and_why() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        places = await world(house, timezone="Europe/Paris", recurrence="0 14 * * *")
        page = await person.see(places["schedule"] + "?month=2026-03")
        assert "The clocks change by +1 h" in page
        assert "2 Mar 2026, 14:00:00 +01:00" in page
        assert "it fired 0 ms after it was due" in await person.see(
            places["why"].replace("13:00", "13:00:00Z")
        )
        assert "no slot at this instant" in await person.see(places["why"].replace("13:00", "14:30"))
        assert "write a time such as" in await person.see(places["why"].replace("13:00", "noon"))


async def test_a_slot_that_fired_and_failed_is_not_explained_with_a_tick() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="30 12 * * *")
        await house.client.patch("/horarium/v1/targets/by-key/t", json={"enabled": False})
        await house.move("2026-03-01T12:30:01Z")
        page = await person.see(f"/schedules/{made['id']}/why?at=2026-03-01+12:30")
        explained = page.split('id="why"')[1].split("Ledger")[0]
        assert "and it has failed: the target is disabled" in explained
        assert "failed</span>" in explained
        assert "fired</span>" not in explained


async def test_a_schedule_is_paused_resumed_fired_and_deleted_and_the_audit_log_says_who() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        place = (await world(house))["schedule"]
        page = await person.see(f"{place}/pause")
        await person.send(f"{place}/pause", page, note="on <holiday>")
        assert "on &lt;holiday&gt;" in await person.see(f"{place}?done=paused")
        await person.send(f"{place}/resume", page)
        first = await person.send(f"{place}/fire", page, once="abc")
        again = await person.send(f"{place}/fire", page, once="abc")
        assert first.headers["location"] == again.headers["location"]
        await person.send(f"{place}/delete", page)
        assert "deleted" in await person.see(place)
        await person.see(f"{place}/delete", 404)
        await person.see(f"{place}/nonsense", 404)
        await house.services.audit.link()
        entries = (await ask(house, "GET", "/audit"))["items"]
        assert [entry["action"] for entry in entries][:4] == [
            "schedule.deleted",
            "schedule.fired",
            "schedule.resumed",
            "schedule.paused",
        ]
        assert all(entry["by"]["key"] for entry in entries[:4])


WRONG = {
    "name": "",
    "target": "nothing",
    "recurrence": "61 * * * *",
    "timezone": "Mars",
    "input": "{",
    "labels": "team",
    "description": "d" * 10_001,
    "overlap": "sometimes",
    "catch_up": "maybe",
}


@pytest.mark.parametrize("recurrence", ["61 * * * *", '{"every": ', ""])
async def test_all_mistakes_of_a_schedule_are_marked_at_their_fields_at_once(recurrence: str) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, labels={"team": "a"})
        sent = {**WRONG, "recurrence": recurrence}
        for path in ("/schedules/new", f"/schedules/{made['id']}/edit"):
            wrong = await person.send(path, await person.see(path), 400, version="1", **sent)
            marked = set(re.findall(r'id="(\w+)-wrong"', wrong.text))
            assert marked == set(WRONG), path
        assert (await ask(house, "GET", f"/schedules/{made['id']}"))["version"] == 1


async def test_a_schedule_is_made_and_edited_with_mistakes_at_their_fields() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        page = await person.see("/schedules/new")
        wrong = await person.send(
            "/schedules/new", page, 400, name="", target="t", recurrence="61 * * * *", input="{", labels="x"
        )
        assert 'id="input-wrong"' in wrong.text
        wrong = await person.send(
            "/schedules/new", page, 400, name="", target="t", recurrence="61 * * * *", timezone="Mars"
        )
        for field in ("name", "recurrence", "timezone"):
            assert f'id="{field}-wrong"' in wrong.text, field
        made = await person.send(
            "/schedules/new",
            page,
            name="Daily",
            target="t",
            recurrence="30 2 * * *",
            timezone="Europe/Paris",
            labels="team:red\nold:yes",
            input='{"a": 1}',
        )
        place = made.headers["location"].removeprefix("/console").partition("?")[0]
        edit = await person.see(f"{place}/edit")
        assert "30 2 * * *" in edit
        await person.send(
            f"{place}/edit",
            edit,
            name="Weekly",
            target="t",
            recurrence="0 9 * * 1",
            labels="team:blue",
            version="1",
        )
        stored = await ask(house, "GET", f"/schedules/{place.rpartition('/')[2]}")
        assert (stored["name"], stored["labels"], stored["input"]) == ("Weekly", {"team": "blue"}, None)
        late = await person.send(
            f"{place}/edit", edit, 409, name="Late", target="t", recurrence="0 9 * * 1", version="1"
        )
        assert "version" in late.text


async def test_the_preview_shows_the_next_fires_over_a_clock_change() -> None:
    async with House.open("2026-03-27T12:00:00Z") as house, signed_in(house) as person:
        page = await person.see("/")
        shown = await person.send("/preview", page, 200, recurrence="30 2 * * *", timezone="Europe/Paris")
        assert shown.text.count("<li>") == 10
        assert "the clock jumps over" in shown.text
        wrong = await person.send("/preview", page, 200, recurrence="nonsense", timezone="Europe/Paris")
        assert 'class="wrong"' in wrong.text


async def test_a_run_is_repeated_and_a_target_is_disabled() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        places = await world(house)
        page = await person.see(places["run"])
        answer = await person.send(f"{places['run']}/{'retry' if 'Run again' in page else 'cancel'}", page)
        assert answer.headers["location"].startswith("/console/runs/run_")
        await person.send(f"{places['target']}/disable", page)
        assert "disabled" in await person.see(places["target"])


@pytest.mark.parametrize(("day", "words"), [("03", "1 missed slot too"), ("04", "2 missed slots too")])
async def test_one_missed_slot_is_not_called_slots(day: str, words: str) -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house)
        await house.move(f"2026-03-{day}T12:00:00Z")
        (fire,) = (await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"]
        async with signed_in(house) as person:
            assert words in await person.see(f"/fires/{fire['id']}")
            assert words in await person.see(f"/schedules/{made['id']}")


async def test_the_first_page_says_that_the_workspace_is_paused_until_when_and_why() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="Hourly", recurrence="0 * * * *")
        workspace = (await ask(house, "GET", "/me"))["workspace"]["id"]
        body = {"note": "<b>freeze", "until": "2026-03-02T09:00:00Z"}
        await ask(house, "POST", f"/workspaces/{workspace}/pause", body)
        page = await person.see("/")
        banner = re.sub(r"<[^>]+>", "", page[page.index("The workspace is paused") :])
        assert banner.startswith(
            "The workspace is paused since 1 Mar 2026, 12:00:00 UTC by Administrator, until 2 Mar 2026, 09"
        )
        assert "&lt;b&gt;freeze" in page
        await ask(house, "POST", f"/workspaces/{workspace}/resume")
        assert "The workspace is paused" not in await person.see("/")


async def test_a_run_shows_what_was_sent_and_says_where_that_cannot_be_known() -> None:
    async with Receiver() as receiver, House.open(NOW) as house, signed_in(house) as person:
        receiver.script("/hook", Answer(503), Answer(200))
        await house.target("workflow", receiver.url("/hook"), key="hook")
        policies = {"retry": {"initial": 10}}
        order = {"name": "s", "recurrence": "0 13 * * *", "target": "hook", "input": {"n": "sent-then"}}
        made = await ask(house, "POST", "/schedules", order | {"policies": policies}, 201)
        await house.move("2026-03-01T13:00:00Z")
        await house.move("2026-03-01T13:02:00Z")
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"input": {"n": "given-later"}})
        run = (await ask(house, "GET", "/runs"))["items"][0]["id"]
        latest = await person.see(f"/runs/{run}")
        assert f"POST {receiver.url('/hook')}" in latest
        assert "sent-then" in latest
        assert "given-later" not in latest
        assert "as it was sent" in latest
        assert "Horarium-Attempt</code></dt><dd><code><bdi>2<" in latest
        assert "Horarium-Attempt</code></dt><dd><code><bdi>1<" in await person.see(f"/runs/{run}?attempt=1")
        await house.move("2026-03-01T13:03:00Z")
        await ask(house, "PATCH", "/targets/hook", {"name": "Other"})
        assert "this is what it would be sent now" in await person.see(f"/runs/{run}")
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        await ask(house, "DELETE", "/targets/hook", status=204)
        assert "What was sent cannot be shown any more" in await person.see(f"/runs/{run}")
