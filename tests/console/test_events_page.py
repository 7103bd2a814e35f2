"""The pages of events and webhooks: what has happened, where it is sent, and what became of it there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from horarium.console.event_words import sentence, shown_event
from horarium.console.webhooks import OVERLAPS, _from
from horarium.domain.events import Event, EventType
from horarium.domain.ids import LOWEST_ID
from horarium.service.webhooks import signing_secrets
from tests.api.asking import ask, scheduled
from tests.api.test_events import deliver, publish
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
GOOD = "http://127.0.0.1:9/hook"  # nobody listens there


async def happened(house: House, **given: object) -> str:
    """A fire that has failed, since nobody answers at its target; the id of its schedule."""
    policies = {"retry": {"max_attempts": 1}}
    made = await scheduled(house, **{"recurrence": "0 13 * * *", "policies": policies, **given})
    await house.move("2026-03-01T13:00:00Z")
    await publish(house)
    return str(made["id"])


async def new_webhook(person: Person, **fields: str | list[str]) -> tuple[str, str]:
    """A webhook that is made by the form: the path of its page, and its secret."""
    page = await person.see("/events/webhooks/new")
    made = await person.send("/events/webhooks/new", page, 201, **{"url": GOOD, **fields})
    secret = re.search(r"whsec_[\w+/=]+", made.text)
    place = re.search(r"/events/webhooks/hook_\w+", made.text)
    assert secret is not None
    assert place is not None
    return place[0], secret[0]


async def test_events_are_listed_with_what_they_say_and_filters_that_can_be_linked_to() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        assert "There is no event yet" in await person.see("/events")
        schedule = await happened(house, name="Nightly", labels={"customer": "acme"})
        page = await person.see("/events")
        assert "Nightly" in page
        assert "fire.failed" in page
        assert f'href="/console/schedules/{schedule}"' in page
        for query, found in (
            ("type=fire.*", True),
            ("type=fire.completed", False),
            ("label=customer:acme", True),
            ("label=customer:other", False),
            (f"schedule={schedule}", True),
            ("type=&label=&schedule=&since=", True),
            ("since=2026-03-01T12:30:00Z", True),
            ("since=2026-03-02T00:00:00Z", False),
        ):
            page = await person.see(f"/events?{query}")
            assert ("Nightly</bdi></a></td>" in page) is found, query
            assert ("No event matches these filters" in page) is not found, query
        await person.see("/events?type=nonsense", 400)
        await person.see("/events?label=nonsense", 400)
        (event,) = (await ask(house, "GET", "/events"))["items"]
        one = await person.see(f"/events/{event['id']}")
        assert "As it is sent" in one
        assert f"/console/fires/{event['fire']['id']}" in one
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            await stranger.see(f"/events/{event['id']}", 404)
            assert "Nightly" not in await stranger.see("/events")


async def test_pages_of_events_go_on_to_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("horarium.console.events.PAGE", 1)
    async with House.open(NOW) as house, signed_in(house) as person:
        await person.see("/events")
        await happened(house, name="First one")
        await happened(house, name="Second one", recurrence="30 13 * * *")
        await house.move("2026-03-01T13:30:00Z")
        await publish(house)
        page = await person.see("/events")
        assert "Second one" in page
        older = re.search(r'href="/console(/events\?cursor=[^"]+)">Older', page)
        assert older is not None
        page = await person.see(older[1])
        assert "First one" in page
        assert "data-stream" not in page  # an older page stays as it is


async def test_a_webhook_is_made_changed_switched_and_deleted_and_its_secret_shown_once() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        assert "no webhook in this workspace yet" in await person.see("/events/webhooks")
        place, secret = await new_webhook(
            person, name="Alerts", types=["fire.failed", "schedule.*"], labels="customer:acme"
        )
        page = await person.see(place)
        assert secret not in page
        assert "customer:acme" in page
        assert "Alerts" in await person.see("/events/webhooks")
        form = await person.see(f"{place}/edit")
        assert '<input type="checkbox" name="types" value="schedule.*" checked>' in form
        await person.send(f"{place}/edit", form, url=GOOD, name="Pages", types="fire.*", version="1")
        (hook,) = (await ask(house, "GET", "/webhooks"))["items"]
        assert (hook["name"], hook["types"], hook["labels"]) == ("Pages", ["fire.*"], {})
        late = await person.send(f"{place}/edit", form, 409, url=GOOD, name="Late", version="1")
        assert 'role="alert"' in late.text
        await person.send(f"{place}/disable", form)
        assert "disabled by request" in await person.see(place)
        await person.send(f"{place}/enable", form)
        assert (await ask(house, "GET", f"/webhooks/{hook['id']}"))["enabled"] is True
        asked = await person.see(f"{place}/rotate")
        rotated = await person.send(f"{place}/rotate", asked, 200, overlap="3600")
        assert re.search(r"whsec_[\w+/=]+", rotated.text)
        assert secret not in rotated.text
        public = await person.send(f"{place}/rotate", asked, 200, overlap="", algorithm="ed25519")
        assert "public key" in public.text
        await person.send(f"{place}/rotate", asked, 400, overlap="7")
        await person.send(f"{place}/delete", await person.see(f"{place}/delete"))
        await person.see(place, 404)


@pytest.mark.parametrize("seconds", [seconds for seconds, _ in OVERLAPS])
async def test_an_old_secret_signs_as_long_as_was_chosen(seconds: str) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        place, old = await new_webhook(person)
        await person.send(f"{place}/rotate", await person.see(f"{place}/rotate"), 200, overlap=seconds)
        (hook,) = (await house.services.webhooks.list(await house.who(), LOWEST_ID, 2)).items
        _, *kept = signing_secrets(house.services.vault, hook)
        if seconds:
            until = datetime.fromtimestamp(house.clock.now // 1000 + int(seconds), UTC)
            assert kept == [f"{old};until={until:%Y-%m-%dT%H:%M:%SZ}"]
        else:
            assert kept == []


async def test_what_is_wrong_with_a_webhook_stands_at_its_field() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/events/webhooks/new")
        for field, fields in {
            "url": {"url": "nonsense"},
            "labels": {"url": GOOD, "labels": "nonsense"},
            "schedules": {"url": GOOD, "schedules": "nonsense"},
            "types": {"url": GOOD, "types": "nonsense"},
        }.items():
            refused = await person.send("/events/webhooks/new", page, 400, **fields)
            assert f'id="{field}-wrong"' in refused.text, field
        assert (await ask(house, "GET", "/webhooks"))["items"] == []


async def test_deliveries_are_shown_and_sent_again_from_one_on() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        place, _ = await new_webhook(person)
        assert "No event that it wants has happened" in await person.see(place)
        await happened(house)
        await deliver(house)
        page = await person.see(place)
        assert "fire.failed" in page
        assert "waiting" in page
        assert "fire.failed" in await person.see(f"{place}?state=waiting")
        assert "No event is delivered there" in await person.see(f"{place}?state=delivered")
        await person.see(f"{place}?state=nonsense", 400)
        (event,) = (await ask(house, "GET", "/events"))["items"]
        form = await person.see(f"{place}/replay?from={event['id']}")
        assert f'value="{event["id"]}"' in form
        for start in (event["id"], "2026-03-01T00:00:00Z"):
            done = await person.send(f"{place}/replay", form, 200, **{"from": start})
            assert "1 event looked at" in done.text
        wrong = await person.send(f"{place}/replay", form, 400, **{"from": "yesterday"})
        assert 'id="from-wrong"' in wrong.text


async def test_a_key_sees_and_changes_only_what_its_scopes_allow() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        place, _ = await new_webhook(person)
        for scopes, status in ((["events:read"], 200), (["runs:read"], 403)):
            key = (await ask(house, "POST", "/keys", {"name": "k", "scopes": scopes}, 201))["key"]
            async with signed_in(house, key=key) as limited:
                for path in ("/events", "/events/webhooks", place):
                    await limited.see(path, status)
                for path in ("/events/webhooks/new", f"{place}/rotate", f"{place}/replay", f"{place}/delete"):
                    await limited.see(path, 403)
                settings = await limited.see("/settings")
                for action in ("disable", "rotate", "replay", "delete", "edit"):
                    await limited.send(f"{place}/{action}", settings, 403, overlap="")
                assert ("/console/events" in settings) is (status == 200)
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            form = await stranger.see("/events/webhooks/new")
            for action in ("disable", "rotate", "delete", "edit"):
                await stranger.send(f"{place}/{action}", form, 404, overlap="", url=GOOD)


@pytest.mark.parametrize("kind", EventType)
def test_every_type_of_event_has_a_sentence(kind: EventType) -> None:
    said = {
        "late": 3.2, "objective": 1, "slots": 2, "reason": "skipped", "last_slot": "2026-03-01T12:00:00.000Z",
        "since": "2026-03-01T12:00:00.000Z", "error": "gone", "rows": 1, "used": 9, "limit": 10, "quota": "schedules",
    }  # fmt: skip
    fire = {"runs": 3, "succeeded": 2, "failed": 1, "cancelled": 0, "error": None}
    assert sentence({"type": kind, "fire": fire, "details": said})


def test_a_type_that_is_not_known_yet_is_shown_without_a_sentence() -> None:
    content = '{"id":"evt_1","type":"new.kind","schedule":null,"target":null,"fire":null,"details":{}}'
    shown = shown_event(Event(1, b"", "new.kind", None, 0, 0, content))
    assert (shown.about, shown.sentence) == ("the workspace", "")


@pytest.mark.parametrize(("text", "since_ms"), [("09:00:00.001", 1), ("09:00:00.0001", 1), ("09:00:00", 0)])
def test_what_is_sent_again_from_an_instant_on_is_never_older(text: str, since_ms: int) -> None:
    assert _from(f"2026-03-08T{text}Z") == (None, 1_772_960_400_000 + since_ms)
