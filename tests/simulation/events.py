"""Events in the simulation: a webhook of each workspace, receivers that fail, and kills where events come to be."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from horarium.domain.events import EventFilter, fire_ended
from horarium.domain.fire import FireState
from horarium.domain.ids import Id, random_id
from horarium.domain.webhooks import Answer, Parcel, filter_to_text
from horarium.service.webhooks import SECRETS
from tests.simulation.script import Event, Script

if TYPE_CHECKING:
    from tests.simulation.evidence import Evidence
    from tests.simulation.node import Node
    from tests.simulation.world import World

KILLS = 14
"""Kills of a script, each at one of these places."""
VERBS = ("record", "record", "publish", "publish", "note_sent", "claim_webhooks", "release")
ANSWER_S = 10.0
FINAL = ("completed", "partial", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrived at a webhook."""

    at: float
    webhook_id: Id
    event_id: Id
    content: str


def with_event_kills(script: Script) -> Script:
    """A script in which workspaces have webhooks and nodes are killed where events come to be."""
    random = Random(f"event kills {script.seed}")
    events = [event for event in script.events if not event.kind.startswith("fault")]
    for _ in range(KILLS):
        args = {
            "node": random.randrange(script.profile.nodes),
            "point": random.choice(("before", "after", "after")),
            "verb": random.choice(VERBS),
            "what": "crash",
            "down": random.choice((0.1, 1.0, 4.0)),
        }
        events.append(Event(round(random.random() * script.profile.duration * 0.85, 4), "fault_armed", args))
    for _ in range(KILLS // 3):
        args = {"node": random.randrange(script.profile.nodes), "down": random.choice((0.1, 2.0))}
        events.append(Event(round(random.random() * script.profile.duration * 0.85, 4), "fault_crash", args))
    profile = replace(script.profile, events=True, calm=False, poll=min(script.profile.poll, 5.0))
    return replace(script, profile=profile, events=tuple(sorted(events, key=lambda event: event.at)))


def furnish_events(world: World) -> None:
    """A webhook of each workspace, so that all events are recorded."""
    world.store.recording = frozenset(world.workspaces)
    now = world.db_ms()
    for workspace, principal in zip(world.workspaces, world.principals, strict=True):
        new = random_id(now)
        row = {
            "id": new,
            "workspace_id": workspace,
            "name": "hook",
            "url": "https://hook",
            "wanted": filter_to_text(EventFilter()),
            "secrets": world.vault.seal({SECRETS: []}, new),
            "state": "enabled",
            "position": 0,
            "epoch": 0,
            "version": 1,
            "created_by": principal,
            "created_ms": now,
            "updated_ms": now,
        }
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        world.store.connection.execute(f"INSERT INTO webhooks ({names}) VALUES ({marks})", row)


def events_left(world: World) -> list[str]:
    """What has not become an event or has not arrived yet, in words."""
    ask = world.store.connection.execute
    (notes,) = ask("SELECT count(*) FROM event_outbox").fetchone()
    (behind,) = ask(
        "SELECT count(*) FROM webhooks w JOIN event_logs l ON l.workspace_id = w.workspace_id "
        "WHERE w.state = 'enabled' AND w.position < l.number"
    ).fetchone()
    (waiting,) = ask("SELECT count(*) FROM event_deliveries WHERE state = 'waiting'").fetchone()
    counted = (("notes", notes), ("webhooks behind", behind), ("events that wait", waiting))
    return [f"{count} {what}" for what, count in counted if count]


class EventNetwork:
    """Takes events to the receiver, which fails now and then; messages and answers are lost."""

    def __init__(self, world: World, node: Node) -> None:
        self._world, self._node = world, node

    async def send(self, parcel: Parcel) -> Answer:
        await self._node.meet("post")
        answer: asyncio.Future[Answer] = self._world.loop.create_future()
        if not self._world.chance("event network", 0.05):
            delay = self._world.random("event network").random() * 0.2
            self._world.later(delay, lambda: self._arrive(parcel, answer))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return Answer(error="no answer in time")

    def _arrive(self, parcel: Parcel, answer: asyncio.Future[Answer]) -> None:
        world = self._world
        refused = world.chance("event receiver", 0.2)
        if not refused or world.chance("event receiver", 0.5):
            arrival = Arrival(world.loop.time(), parcel.webhook_id, parcel.event.id, parcel.event.content)
            world.arrivals.append(arrival)
        if world.chance("event network", 0.05):
            return  # the answer is lost
        if not answer.done():
            answer.set_result(Answer(503, "busy") if refused else Answer(200))


def events_told_13(evidence: Evidence) -> Iterator[str]:
    """Each end of a fire is one event, with the id that follows from the fire, and it arrives, always the same, after
    the earlier events of its schedule."""
    world = evidence.world
    if not world.profile.events:
        return
    ask = world.store.connection.execute
    events = {row["id"]: row for row in ask("SELECT * FROM events ORDER BY workspace_id, number")}
    world.counts["events"] += len(events)
    world.counts["event arrivals"] += len(world.arrivals)
    ended = 0
    for book in evidence.books:
        for fire in book.fires:
            if fire["state"] not in FINAL:
                continue
            ended += 1
            note = fire_ended(b"", book.id, fire["id"], FireState(fire["state"]), 0)
            row = events.get(note.id)
            if row is None:
                yield f"{book.name}: nothing tells of the end of fire {fire['id'].hex()}"
            elif row["type"] != note.type:
                yield f"{book.name}: fire {fire['id'].hex()} is {fire['state']}, and {row['type']} was told"
    told = sum(row["type"] in {f"fire.{state}" for state in FINAL} for row in events.values())
    if told != ended:
        yield f"{ended} fires have ended, and {told} events tell of an end"
    seen: dict[Id, set[str]] = defaultdict(set)
    order: dict[tuple[Id, Id], list[int]] = defaultdict(list)
    for arrival in world.arrivals:
        row = events.get(arrival.event_id)
        if row is None:
            yield f"event {arrival.event_id.hex()} arrived and is in no log"
            continue
        if arrival.event_id not in seen and row["schedule_id"] is not None:
            order[arrival.webhook_id, row["schedule_id"]].append(row["number"])
        seen[arrival.event_id].add(arrival.content)
        if json.loads(arrival.content)["type"] != row["type"]:
            yield f"event {arrival.event_id.hex()} arrived as another type"
    for an_id, contents in seen.items():
        if len(contents) != 1:
            yield f"event {an_id.hex()} arrived with {len(contents)} contents"
    for an_id in events.keys() - seen.keys():
        yield f"event {an_id.hex()} ({events[an_id]['type']}) has not arrived"
    for (_, schedule), numbers in order.items():
        if numbers != sorted(numbers):
            yield f"events of schedule {schedule.hex()} arrived in another order"
    for number, times in Counter((row["workspace_id"], row["number"]) for row in events.values()).items():
        if times != 1:
            yield f"the number {number[1]} was given {times} times"
