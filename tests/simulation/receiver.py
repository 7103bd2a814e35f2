"""The network between workers and what they call, and what stands at its other end; it keeps a log of its own.

Messages are lost, delayed and delivered twice; the node that sent one may be gone before it arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from horarium.domain.errors import Conflict, HorariumError, NotFound
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import Id

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import World

LONG_S = (2.0, 60.0)
"""How long a target takes that thinks about each call."""
TRIES = 8
"""How often a target tells its callback before it gives up."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival at a target. `at` in simulated seconds; `copy` is 1 where the network made a second of it."""

    at: float
    db_ms: int
    run_id: Id
    attempt: int
    kind: str
    workspace_id: Id
    target_id: Id
    schedule_id: Id | None
    fire_id: Id | None
    slot_ms: int | None
    due_ms: int | None
    row_key: str
    node: str
    copy: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What a target said by callback and what came of it: `accepted`, `refused` (404), `conflict` (409), `unheard`."""

    at: float
    run_id: Id
    attempt: int
    word: str
    result: str


class Receiver:
    def __init__(self, world: World) -> None:
        self._world = world
        self.log: list[Delivery] = []
        self.answers: list[Answered] = []
        self.given: dict[tuple[Id, int, str], float] = {}
        """When each (run, attempt, node) had its answer from the network."""

    def send(self, call: Call, node: Node) -> asyncio.Future[Outcome]:
        """Put a call on the network; the answer, if one comes."""
        world = self._world
        answer: asyncio.Future[Outcome] = world.loop.create_future()
        if world.chance("network", world.profile.lost):
            world.count("message lost")
            return answer
        self._later(lambda: self._arrive(call, node, answer, 0))
        if world.chance("network", world.profile.twice):
            world.count("message twice")
            self._later(lambda: self._arrive(call, node, None, 1))  # nobody hears the answer to this one
        return answer

    def _later(self, act: Callable[[], None], seconds: float = 0.0) -> None:
        delay = self._world.random("network").random() * self._world.profile.delay
        self._world.later(seconds + delay, act)

    def _arrive(self, call: Call, node: Node, answer: asyncio.Future[Outcome] | None, copy: int) -> None:
        world = self._world
        self.log.append(
            Delivery(
                world.loop.time(), world.db_ms(), call.run_id, call.attempt, call.kind, call.workspace_id,
                call.target_id, call.schedule_id, call.fire_id, call.slot_ms, call.due_ms, call.row_key, node.name,
                copy,
            )
        )  # fmt: skip
        if world.silent(call.target_id):
            world.count("target: silent")
            return
        plan = world.target_plan(call.target_id)
        random = world.random("behaviour")
        word = random.choices(list(plan.behaviour), list(plan.behaviour.values()))[0]
        if world.healed and word in ("hang", "never", "beats", "late"):
            word = "complete" if plan.callback else "ok"
        if word == "hang" or world.chance("network", world.profile.lost):
            world.count(f"target: {word}" if word == "hang" else "answer lost")
            return
        if word not in ("ok", "complete"):
            world.count(f"target: {word}")
        seconds = random.random() * 0.02
        if word in ("slow", "late"):
            seconds = random.random() * plan.timeout_s * 1.3
        elif word == "long" and not world.healed:
            seconds = LONG_S[0] + random.random() * (LONG_S[1] - LONG_S[0])
        outcome = _OUTCOMES.get(word) or Outcome(Verdict.ACCEPTED, status=202)
        if word == "busy":
            outcome = Outcome(
                Verdict.FAILED, error="429", status=429, retry_after_ms=random.choice((300, 4000))
            )
        self._later(lambda: self._give(call, node, answer, outcome), seconds)
        if plan.callback and outcome.verdict is Verdict.ACCEPTED:
            self._finish_later(call, word, plan.deadline_s)

    def _give(self, call: Call, node: Node, answer: asyncio.Future[Outcome] | None, outcome: Outcome) -> None:
        if answer is not None and not answer.done():
            answer.set_result(outcome)
            self.given.setdefault((call.run_id, call.attempt, node.name), self._world.loop.time())

    def _finish_later(self, call: Call, word: str, deadline: float) -> None:
        random = self._world.random("callbacks")
        first = random.random() * (0.2 if self._world.healed else deadline * 0.8)
        for word_, seconds in {
            "complete": [("complete", first)],
            "fail_later": [("fail", first)],
            "beats": [
                ("heartbeat", deadline * 0.6),
                ("heartbeat", deadline * 1.2),
                ("complete", deadline * 1.7),
            ],
            "never": [],
            "late": [("complete", deadline * 1.02 + random.random() * 3)],
            "at_once": [("complete", 0.0)],
            "twice": [("complete", first), ("complete", first + 0.5)],
            "contradict": [("complete", first), ("fail", first + random.choice((0.0, 0.5)))],
        }[word]:
            self._world.later(seconds, lambda said=word_: self._world.spawn(self._tell(call, said)))

    async def _tell(self, call: Call, word: str) -> None:
        """Tell a node, another time and another node until one answers."""
        result = "unheard"
        for _ in range(TRIES):

            async def say(node: Node) -> Any:
                return await getattr(node.runs, word)(call.run_id, call.callback_token)

            try:
                await self._world.request(say)
            except NotFound:
                result = "refused"
            except Conflict:
                result = "conflict"
            except (HorariumError, TimeoutError):
                await asyncio.sleep(1.0)
                continue
            else:
                result = "accepted"
            break
        self.answers.append(Answered(self._world.loop.time(), call.run_id, call.attempt, word, result))


_OUTCOMES = {
    "ok": Outcome(Verdict.SUCCEEDED, status=200),
    "slow": Outcome(Verdict.SUCCEEDED, status=200),
    "long": Outcome(Verdict.SUCCEEDED, status=200),
    "fail": Outcome(Verdict.FAILED, error="500", status=500),
    "reset": Outcome(Verdict.FAILED, error="connection reset"),
    "broken": Outcome(Verdict.FAILED, error="400", status=400, retryable=False),
    "gone": Outcome(Verdict.FAILED, error="410", status=410, gone=True, retryable=False),
}
