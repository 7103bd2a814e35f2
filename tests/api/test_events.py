"""Events over the API: the log, webhooks and what was sent to them."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from horarium.domain.errors import Unavailable
from horarium.domain.webhooks import DISABLE_MS
from horarium.events.deliverer import Deliverer
from horarium.executors.signing import signature, signer_of
from horarium.store.verbs import events as verbs
from horarium.store.verbs.webhooks import claim_webhooks, webhooks_of
from tests.api.asking import NOW, ask, fields
from tests.support.house import House
from tests.support.receiver import Answer


@asynccontextmanager
async def house_with(url, **body):
    """A house with a webhook, and a schedule whose target answers."""
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/webhooks", {"url": url, **body}, 201)
        yield house, made


async def fire(house, receiver, at="2026-03-02T09:00:00Z", **given):
    await house.target("workflow", receiver.url("/target"), key="works") if not hasattr(
        house, "made"
    ) else None
    made = await ask(
        house, "POST", "/schedules", {"name": "s", "recurrence": "0 9 * * *", "target": "works"} | given, 201
    )
    await house.move(at)
    await publish(house)
    return made


async def publish(house):
    while await house.store.urgent(verbs.publish, house.clock.now):
        pass


async def fire_on_two_more_days(house):
    for day in (3, 4):
        await house.move(f"2026-03-0{day}T09:00:00Z")
        await publish(house)


async def deliver(house, deliverer=None):
    """Send what can be sent now, until nothing is under way."""
    found = deliverer or Deliverer(
        house.store, house.clock, house.node, house.services.vault, house.services.webhooks.post
    )
    for _ in range(20):
        found._look_at = 0.0
        await found.step()
        if found._tasks:
            await asyncio.wait(found._tasks)
        await found.tell()
    return found


async def test_no_event_waits_until_the_store_is_told_of_those_before_it(receiver):
    async with house_with(receiver.url("/hook"), types=["fire.*"]) as (house, hook):
        found = Deliverer(
            house.store, house.clock, house.node, house.services.vault, house.services.webhooks.post
        )
        await fire(house, receiver)
        for day in (2, 3):
            await house.move(f"2026-03-0{day}T09:00:00Z")
            await publish(house)
            found._look_at = 0.0
            await found.step()
            await asyncio.wait(found._tasks)
        assert len({one.headers["webhook-id"] for one in hooks(receiver)}) == 2
        listed = f"/webhooks/{hook['id']}/deliveries"
        assert (await ask(house, "GET", listed))["items"] == []
        await found.tell()
        assert {one["state"] for one in (await ask(house, "GET", listed))["items"]} == {"delivered"}


def hooks(receiver):
    return [one for one in receiver.requests if one.path == "/hook"]


async def test_an_event_arrives_signed_and_is_listed_with_its_delivery(receiver):
    async with house_with(receiver.url("/hook"), types=["fire.*"]) as (house, hook):
        schedule = await fire(house, receiver, labels={"customer": "c1"})
        await deliver(house)
        (got,) = hooks(receiver)
        event = got.json()
        signers = [signer_of(hook["signing_secret"])]
        expected = signature(signers, event["id"], int(got.headers["webhook-timestamp"]), got.body)
        assert got.headers["webhook-signature"] == expected
        assert event["type"] == "fire.completed"
        assert event["schedule"]["id"] == schedule["id"]
        assert got.headers["webhook-id"] == got.headers["ce-id"] == event["id"]
        assert got.headers["Horarium-Webhook"] == hook["id"]
        listed = await ask(house, "GET", "/events")
        assert listed["items"] == [event]
        assert await ask(house, "GET", f"/events/{event['id']}") == event
        (delivery,) = (await ask(house, "GET", f"/webhooks/{hook['id']}/deliveries"))["items"]
        assert (delivery["event"], delivery["state"], delivery["attempts"]) == (event["id"], "delivered", 1)


async def test_deliveries_are_listed_over_pages_the_latest_first(receiver):
    async with house_with(receiver.url("/hook"), types=["fire.*"]) as (house, hook):
        await fire(house, receiver)
        await fire_on_two_more_days(house)
        await deliver(house)
        place = f"/webhooks/{hook['id']}/deliveries?limit=2"
        page = await ask(house, "GET", place)
        rest = await ask(house, "GET", f"{place}&cursor={page['next_cursor']}")
        assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
        events = (await ask(house, "GET", "/events"))["items"]
        assert [one["event"] for one in (*page["items"], *rest["items"])] == [one["id"] for one in events]


async def test_a_secret_is_shown_once_and_rotated_with_an_overlap(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        assert hook["signing_secret"].startswith("whsec_")
        assert "signing_secret" not in await ask(house, "GET", f"/webhooks/{hook['id']}")
        rotate = f"/webhooks/{hook['id']}/rotate-secret"
        await ask(house, "POST", rotate, {"overlap": "31d"}, 400)
        made = await ask(house, "POST", rotate, {"overlap": "1h"})
        assert made["signing_secret"] != hook["signing_secret"]
        await fire(house, receiver)
        await deliver(house)
        (got,) = hooks(receiver)
        assert len(got.headers["webhook-signature"].split()) == 1  # an hour has passed long since


async def test_what_a_receiver_refuses_is_sent_again_under_the_same_id(receiver):
    receiver.script("/hook", Answer(500), Answer(200))
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        found = await deliver(house)
        house.clock.now += 1_000
        await deliver(house, found)
        first, second = hooks(receiver)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert [first.headers["Horarium-Attempt"], second.headers["Horarium-Attempt"]] == ["1", "2"]
        (event,) = (await ask(house, "GET", "/events"))["items"]
        told = datetime.fromisoformat(event["at"])
        assert [datetime.fromisoformat(one.headers["ce-time"]) for one in (first, second)] == [told, told]
        assert found.figures.delays.count == 1  # how long it took to arrive, and not how often it was sent
        (delivery,) = (await ask(house, "GET", f"/webhooks/{hook['id']}/deliveries"))["items"]
        assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 2, 200)


async def test_an_event_that_waits_is_sent_again_without_a_person_who_was_erased_meanwhile(receiver):
    receiver.script("/hook", Answer(503), Answer(200))
    async with house_with(receiver.url("/hook"), types=["fire.*"]) as (house, _):
        await fire(house, receiver, name="Digest for ann@example.com")
        found = await deliver(house)
        erased = await ask(house, "POST", "/erasures", {"person": "u42", "values": ["ann@example.com"]})
        assert (erased["state"], erased["counts"]["events"]) == ("done", 1)
        house.clock.now += 60_000
        await deliver(house, found)
        first, second = hooks(receiver)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.json()["schedule"]["name"] == "Digest for ann@example.com"
        assert second.json()["schedule"]["name"] == "Digest for [erased]"


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        ({"types": ["fire.failed"]}, False),
        ({"types": ["fire.*"]}, True),
        ({"labels": {"customer": "c2"}}, False),
        ({"labels": {"customer": "c1"}}, True),
        ({"schedules": ["sch_01KJMMA2G0ET89C00HHC3ZY6K7"]}, False),
    ],
)
async def test_only_what_a_webhook_wants_is_sent(receiver, body, arrives):
    async with house_with(receiver.url("/hook"), **body) as (house, _):
        await fire(house, receiver, labels={"customer": "c1", "team": "t"})
        await deliver(house)
        assert bool(hooks(receiver)) is arrives


async def test_each_part_of_what_a_webhook_wants_is_changed_and_the_others_stay():
    async with House.open(NOW) as house:
        of = "sch_01KJMMA2G0ET89C00HHC3ZY6K7"
        one = (
            f"/webhooks/{(await ask(house, 'POST', '/webhooks', {'url': 'https://example.com'}, 201))['id']}"
        )
        wanted = {"types": ["fire.*"], "labels": {"team": "a"}, "schedules": [of]}
        for number, part in enumerate(wanted, 1):
            await ask(house, "PATCH", one, {part: wanted[part]})
            found = await ask(house, "GET", one)
            assert [bool(found[name]) for name in wanted] == [place < number for place in range(3)]
        assert {name: found[name] for name in wanted} == wanted


async def test_a_replay_sends_again_from_an_event_or_an_instant_on(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        await deliver(house)
        (event,) = (await ask(house, "GET", "/events"))["items"]
        for body in ({"from_event": event["id"]}, {"since": "2026-03-01T00:00:00Z"}):
            replayed = await ask(house, "POST", f"/webhooks/{hook['id']}/replay", body)
            assert replayed == {"events": 1}
            await deliver(house)
        assert [one.headers["webhook-id"] for one in hooks(receiver)] == [event["id"]] * 3
        await ask(house, "POST", f"/webhooks/{hook['id']}/replay", {}, 400)


async def test_a_replay_begins_with_the_event_that_is_named(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        await fire_on_two_more_days(house)
        every = (await ask(house, "GET", "/events?order=oldest"))["items"]
        assert len(every) == 3
        for place, event in enumerate(every):
            await deliver(house)
            body = {"from_event": event["id"]}
            replayed = await ask(house, "POST", f"/webhooks/{hook['id']}/replay", body)
            assert replayed == {"events": 3 - place}


async def test_a_webhook_that_is_switched_off_is_sent_later_what_has_waited(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        off = await ask(house, "PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
        assert (off["enabled"], off["disabled_reason"]) == (False, "disabled by request")
        await fire(house, receiver)
        await deliver(house)
        assert hooks(receiver) == []
        await ask(house, "PATCH", f"/webhooks/{hook['id']}", {"enabled": True})
        await deliver(house)
        assert len(hooks(receiver)) == 1


def lose_one_reply(store):
    """Have the next taking of webhooks committed and its reply lost."""
    urgent = store.urgent

    async def loses_one_reply(verb, *args, **given):
        found = await urgent(verb, *args, **given)
        if verb is claim_webhooks:
            store.urgent = urgent
            raise Unavailable("the reply was lost")
        return found

    store.urgent = loses_one_reply


async def test_a_webhook_is_sent_events_though_the_reply_was_lost_when_its_node_took_it(receiver):
    async with house_with(receiver.url("/hook")) as (house, _):
        await fire(house, receiver)
        lose_one_reply(house.store)
        with pytest.raises(Unavailable):
            await deliver(house)
        await deliver(house)
        assert len(hooks(receiver)) == 1


async def test_a_webhook_that_was_changed_is_sent_nothing_to_its_old_address_though_a_reply_was_lost(
    receiver,
):
    """It was changed just after its node had read which webhooks are its own, and the node took it anew at once, with
    another one that nobody had."""
    async with house_with(receiver.url("/old")) as (house, hook):
        await fire(house, receiver)
        deliverer = await deliver(house)
        await ask(house, "POST", "/webhooks", {"url": receiver.url("/other")}, 201)
        read = house.store.read

        async def is_changed_meanwhile(verb, *args, **given):
            found = await read(verb, *args, **given)
            if verb is webhooks_of:
                house.store.read = read
                await ask(house, "PATCH", f"/webhooks/{hook['id']}", {"url": receiver.url("/new")})
            return found

        house.store.read = is_changed_meanwhile
        lose_one_reply(house.store)
        with pytest.raises(Unavailable):
            await deliver(house, deliverer)
        await fire_on_two_more_days(house)
        await deliver(house, deliverer)
        sent = [one.path for one in receiver.requests if one.path in ("/old", "/new")]
        assert sent == ["/old", "/new", "/new"]


async def test_a_webhook_that_is_enabled_again_is_as_patient_as_a_new_one(receiver):
    """That nothing arrived before is forgotten, so that the first failure does not disable it at once."""
    receiver.script("/hook", Answer(500))
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        await deliver(house)
        one = f"/webhooks/{hook['id']}"
        assert (await ask(house, "GET", one))["failing_since"] is not None
        await ask(house, "PATCH", one, {"enabled": False})
        house.clock.now += DISABLE_MS
        shown = await ask(house, "PATCH", one, {"enabled": True})
        assert (shown["enabled"], shown["failing_since"]) == (True, None)


async def test_a_receiver_that_says_gone_is_not_called_again(receiver):
    receiver.script("/hook", Answer(410))
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        await deliver(house)
        shown = await ask(house, "GET", f"/webhooks/{hook['id']}")
        assert (shown["enabled"], shown["disabled_reason"]) == (False, "the receiver answered 410 Gone")
        assert shown["version"] == hook["version"] + 1


async def test_wrong_webhooks_are_refused_with_what_would_be_right():
    async with House.open(NOW) as house:
        good = "https://example.com/x"
        assert await fields(house, "POST", "/webhooks", {"url": "ftp://example.com"}) == {"url"}
        assert await fields(house, "POST", "/webhooks", {"url": "http://10.0.0.1/"}) == {"url"}
        assert await fields(house, "POST", "/webhooks", {"url": good, "types": ["fire.lost"]}) == {"types"}
        assert await fields(house, "POST", "/webhooks", {"url": good, "schedules": ["x"]}) == {"schedules"}
        assert await fields(house, "POST", "/webhooks", {"url": good, "events": []}) == {"events"}


async def test_events_of_another_workspace_are_out_of_reach(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        await fire(house, receiver)
        (event,) = (await ask(house, "GET", "/events"))["items"]
        other = await house.workspace("other")
        for path in (
            f"/events/{event['id']}",
            f"/webhooks/{hook['id']}",
            f"/webhooks/{hook['id']}/deliveries",
        ):
            assert (await other.client.get(f"/horarium/v1{path}")).status_code == 404
        listed = await other.client.get("/horarium/v1/events")
        assert listed.json() == {"items": [], "next_cursor": None}
        after = await other.client.get("/horarium/v1/events", params={"after": event["id"]})
        assert after.status_code == 400


async def test_a_key_needs_the_scopes_of_events(receiver):
    async with house_with(receiver.url("/hook")) as (house, hook):
        reads = {"Authorization": f"Bearer {await house.key_with('events:read')}"}
        none = {"Authorization": f"Bearer {await house.key_with('runs:read')}"}
        await ask(house, "GET", "/events", headers=reads)
        await ask(house, "GET", f"/webhooks/{hook['id']}", headers=reads)
        await ask(house, "DELETE", f"/webhooks/{hook['id']}", None, 403, headers=reads)
        await ask(house, "GET", "/events", None, 403, headers=none)
        await ask(house, "GET", "/events", None, 403, headers=none | {"Accept": "text/event-stream"})


async def test_the_log_is_read_in_pages_from_both_ends_and_filtered(receiver):
    async with House.open(NOW) as house:
        await ask(house, "GET", "/events")  # from now on its events are recorded
        await fire(house, receiver)
        for day in (3, 4, 5):
            await house.move(f"2026-03-0{day}T09:00:00Z")
            await publish(house)
        newest = (await ask(house, "GET", "/events"))["items"]
        assert len(newest) == 4
        oldest, cursor = [], None
        while True:
            page = await ask(
                house,
                "GET",
                "/events",
                params={"order": "oldest", "limit": 3} | ({"cursor": cursor} if cursor else {}),
            )
            oldest += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert oldest == newest[::-1]
        after = await ask(house, "GET", "/events", params={"after": oldest[1]["id"], "order": "oldest"})
        assert after["items"] == oldest[2:]
        since = await ask(house, "GET", "/events", params={"since": "2026-03-04T00:00:00Z"})
        assert since["items"] == newest[:2]
        both = {"after": oldest[0]["id"], "since": "2026-03-04T00:00:00Z"}
        assert (await ask(house, "GET", "/events", params=both))["items"] == newest[:2]
        both = {"after": oldest[2]["id"], "since": "2026-03-03T00:00:00Z"}
        assert (await ask(house, "GET", "/events", params=both))["items"] == newest[:1]
        none = await ask(house, "GET", "/events", params={"type": "fire.failed"})
        assert none["items"] == []
        assert await fields(house, "GET", "/events", None, params={"type": "fire.lost"}) == {"type"}


async def test_events_are_recorded_as_long_as_there_is_a_webhook_and_nobody_has_read_them():
    async with House.open(NOW) as house:
        assert house.store.recording == set()
        made = await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
        assert house.store.recording == {house.first.workspace_id}
        await ask(house, "DELETE", f"/webhooks/{made['id']}", status=204)
        assert house.store.recording == set()


@pytest.mark.parametrize("at_once", [500, 5, 2, 1])
async def test_events_are_counted_and_paged_by_every_bound_alike(monkeypatch, at_once):
    """Whatever bounds are given together, the total and the pages in both orders hold the same events, also where
    as many are left as are read at once."""
    monkeypatch.setattr("horarium.service.events.READ_AT_ONCE", at_once)
    async with house_with("https://example.com/hook") as (house, _):
        await house.target("tool", executor="echo", config={}, key="works")
        order = {"name": "s", "recurrence": "0 * * * *", "target": "works"}
        await ask(house, "POST", "/schedules", order, 201)
        told = []  # when each event was
        for hour in ("13", "14", "15", "16"):
            at = f"2026-03-01T{hour}:00:00Z"
            await house.move(at)
            if hour == "15":
                await ask(house, "POST", "/targets/works/disable")
            await publish(house)
            every = (await ask(house, "GET", "/events?order=oldest&limit=100"))["items"]
            told += [at] * (len(every) - len(told))
        assert len(every) >= 5
        for after, since, kind in itertools.product((None, 1, 3), (None, told[2], told[4]), ("", "fire.*")):
            expected = [
                one["id"]
                for number, one in enumerate(every)
                if (after is None or number > after)
                and (since is None or told[number] >= since)
                and one["type"].startswith(kind.removesuffix("*"))
            ]
            given = {"after": None if after is None else every[after]["id"], "since": since, "type": kind}
            query = "&".join(f"{name}={value}" for name, value in given.items() if value)
            for way in ("oldest", "newest"):
                found, cursor = [], ""
                while cursor is not None:
                    page = await ask(house, "GET", f"/events?order={way}&limit=2&{query}{cursor}")
                    found += [one["id"] for one in page["items"]]
                    cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
                    assert len(found) <= len(every)
                assert found == (expected if way == "oldest" else expected[::-1]), (way, query)
            total = (await ask(house, "GET", f"/events?total=true&limit=1&{query}"))["total"]
            assert total["count"] == len(expected), query


async def test_the_borrowers_of_a_target_hear_once_that_it_is_off_and_nothing_while_it_is_on():
    async with House.open(NOW) as house:
        await house.target("tool", executor="echo", config={}, key="t")
        other = await house.workspace("other")
        place = (await other.client.get("/horarium/v1/me")).json()["workspace"]["id"]
        await ask(house, "PUT", f"/targets/t/shares/{place}", {}, 201)
        await other.client.get("/horarium/v1/events")

        async def heard():
            await publish(house)
            return [one["type"] for one in (await other.client.get("/horarium/v1/events")).json()["items"]]

        await ask(house, "PATCH", "/targets/t", {"description": "another"})
        assert await heard() == []
        await ask(house, "POST", "/targets/t/disable")
        assert await heard() == ["target.disabled"]
        await ask(house, "PATCH", "/targets/t", {"description": "a third"})
        assert await heard() == ["target.disabled"]


async def test_a_webhook_and_the_list_are_narrowed_by_the_key_of_a_schedule(receiver):
    async with House.open(NOW) as house:
        await house.target("workflow", receiver.url("/target"), key="works")
        mine, other = [
            await ask(
                house,
                "POST",
                "/schedules",
                {"name": "s", "key": key, "recurrence": "0 9 * * *", "target": "works"},
                201,
            )
            for key in ("customer-7/digest", "other")
        ]
        body = {"url": "https://example.com/hook", "schedule_keys": ["customer-7/digest"]}
        made = await ask(house, "POST", "/webhooks", body, 201)
        assert made["schedules"] == [mine["id"]]
        path = f"/webhooks/{made['id']}"
        both = {"schedules": [other["id"]], "schedule_keys": ["customer-7/digest", "customer-7/digest"]}
        assert (await ask(house, "PATCH", path, both))["schedules"] == [other["id"], mine["id"]]
        assert (await ask(house, "PATCH", path, {"schedule_keys": ["other"]}))["schedules"] == [other["id"]]
        assert (await ask(house, "PATCH", path, {"name": "n"}))["schedules"] == [other["id"]]
        for key in ("nobody", "", "a\0b"):
            refused = await fields(house, "PATCH", path, {"schedule_keys": [key]})
            assert {name.partition(".")[0] for name in refused} == {"schedule_keys"}, key
        await house.move("2026-03-02T09:00:00Z")
        await publish(house)
        listed = (await ask(house, "GET", "/events?schedule_key=customer-7/digest&type=fire.*"))["items"]
        assert {one["schedule"]["id"] for one in listed} == {mine["id"]}
        assert (await ask(house, "GET", "/events?schedule_key=nobody"))["items"] == []
        twice = f"/events?schedule_key=other&schedule={mine['id']}"
        assert await fields(house, "GET", twice, None) == {"schedule_key"}


async def test_events_that_were_deleted_are_not_counted(receiver):
    async with house_with(receiver.url("/hook")) as (house, _):
        await fire(house, receiver)
        await fire_on_two_more_days(house)
        before = await ask(house, "GET", "/events?total=true")
        assert before["total"] == {"count": len(before["items"]), "at_least": False}
        assert len(before["items"]) > 2
        await house.store.write(verbs.forget_events, house.clock.now + 1, 1)
        assert (await ask(house, "GET", "/events"))["items"] == before["items"][:-1]
        after = await ask(house, "GET", "/events?total=true&limit=1")
        assert after["total"]["count"] == len(before["items"]) - 1


async def test_events_are_found_by_a_label_with_a_colon_in_its_name_and_without_a_value():
    async with house_with("https://example.com/hook") as (house, _):
        await house.target("tool", executor="echo", config={}, key="works")
        for labels in ({"a:b": ""}, {"a": "b:"}):
            order = {"name": "s", "recurrence": "0 * * * *", "target": "works", "labels": labels}
            await ask(house, "POST", "/schedules", order, 201)
        await house.move("2026-03-01T13:00:00Z")
        await publish(house)
        for query, labels in ((r"a\:b:", {"a:b": ""}), ("a:b:", {"a": "b:"})):
            found = (await ask(house, "GET", "/events", params={"label": query}))["items"]
            assert [one["schedule"]["labels"] for one in found] == [labels] * len(found) != []
