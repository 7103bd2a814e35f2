"""What webhooks are sent of events, and what comes of their answers: a chapter of `sent.txt`."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from horarium.domain.events import Event
from horarium.domain.host_lists import host_list
from horarium.domain.ids import derived_id
from horarium.domain.webhooks import Parcel
from horarium.executors import event_post
from horarium.executors.event_post import SignedEventPost
from tests.executors.calls import NOW_MS
from tests.executors.sent_http import BROKEN, KEY, OTHER, PRIVATE, STATUSES, URL
from tests.executors.sent_world import World
from tests.support.wire import SILENCE, answer

SCHEDULE = derived_id(3, b"schedule")
PARCELS: dict[str, dict[str, Any]] = {
    "an event of a schedule": {},
    "an event of none": {"schedule": None},
    "two secrets, one of which has ended": {"secrets": [OTHER, PRIVATE, f"{KEY};until=2026-03-08T13:00:00Z"]},
    "no secret": {"secrets": []},
    "a third attempt": {"attempt": 3},
    "milliseconds": {"at_ms": NOW_MS + 7},
}


def _parcel(**changes: Any) -> Parcel:
    event = Event(
        1, derived_id(NOW_MS, b"event"), "run.failed", changes.get("schedule", SCHEDULE), changes.get("at_ms", NOW_MS),
        NOW_MS + 5,
        '{"n": "é"}',
    )  # fmt: skip
    secrets, attempt = changes.get("secrets", [KEY]), changes.get("attempt", 1)
    return Parcel(b"w" * 16, b"h" * 16, changes.get("url", URL), secrets, event, attempt, NOW_MS + 250)


async def chapters(world: World) -> None:
    page, post = world.page, SignedEventPost(world.options())
    page.chapter("events: what is sent, and what comes of it")
    for title, changes in PARCELS.items():
        page.case(title)
        world.wire.answers, world.wire.requests = [answer(200)], []
        answered = await post.send(_parcel(**changes))
        world.request(world.wire.requests[0])
        page.say(f"-> {answered}")
    for status in STATUSES:
        page.case(status)
        world.wire.answers = [
            answer(status, b"x" * 5_000, {"Retry-After": "7"} if int(status[:3]) >= 400 else {})
        ]
        page.say(f"-> {await post.send(_parcel())}")
    for title, steps in BROKEN.items():
        page.case(title)
        world.wire.answers = [steps]
        with patch.object(event_post, "ANSWER_S", 0.04 if SILENCE in steps else 5.0):
            page.say(f"-> {await post.send(_parcel())}")
    for url in ("http://127.0.0.1/a", "http://other.example/", "ftp://example.com/"):
        page.case(url)
        page.problems(post.problems(b"w" * 16, url))
        page.say(f"-> {await post.send(_parcel(url=url))}")
    await post.close()
    narrow = SignedEventPost(world.options(allowed_hosts=lambda _: host_list(("other.example",))))
    page.case("a host that the workspace may not reach")
    page.problems(narrow.problems(b"w" * 16, URL))
    page.say(f"-> {await narrow.send(_parcel())}")
    await narrow.close()
