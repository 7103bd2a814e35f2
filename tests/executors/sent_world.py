"""What the page of `sent.py` is made in: a played network with one server, and a page on which requests are written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from horarium.domain.execution import Call, Executor, Outcome
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import call_of
from tests.support.kept_page import Page, briefly, page_beside_a_server
from tests.support.played_network import PUBLIC, PlayedNetwork
from tests.support.wire import Step, Wire, answer

# Names that lead to the server of the page.
NAMES = ("example.com", "sqs.eu-west-1.amazonaws.com", "queue.example.com", "k8s.example.com")
# Headers by which the library of a provider tells of the machine and of itself.
_OF_LIBRARIES = ("x-stainless-", "user-agent: asyncopenai", "user-agent: pydantic")
ORIGIN = "https://horarium.example"


class World:
    """`wire` is the server behind NAMES, `folder` one of the page's own, `fields` what has been sent, by type."""

    def __init__(self, page: Page, network: PlayedNetwork, wire: Wire, folder: Path) -> None:
        self.page, self.network, self.wire, self.folder = page, network, wire, folder
        self.fields: dict[str, set[str]] = {}

    def options(self, **more: Any) -> ExecutorOptions:
        given: dict[str, Any] = {
            "public_url": ORIGIN,
            "response_limit_bytes": 400,
            "command_path": f"{self.folder}:/usr/bin:/bin",
        }
        return ExecutorOptions(**{**given, **more})

    async def send(
        self,
        title: str,
        executor: Executor,
        config: Mapping[str, Any],
        answers: Sequence[Sequence[Step]] = (),
        **changes: Any,
    ) -> Outcome:
        """One attempt of a target, what is sent for it, and what comes of it."""
        self.page.case(title)
        self.wire.answers, self.wire.requests = list(answers) or [answer(200)], []
        outcome = await executor.execute(self.call(executor, config, **changes))
        for request in self.wire.requests:
            self.request(request)
        self.page.outcome(outcome)
        return outcome

    def call(self, executor: Executor, config: Mapping[str, Any], **changes: Any) -> Call:
        """The call of a run. What is stored of the configuration is told where it is not what was given."""
        problems = executor.check(config)
        if problems:
            self.page.problems(problems)
        self.used(executor.type, config)
        public, secrets = executor.split(config)
        return call_of(public, secrets, **changes)

    def used(self, kind: str, config: Mapping[str, Any]) -> None:
        found = self.fields.setdefault(kind, set())
        for name, value in config.items():
            found.add(name)
            if isinstance(value, Mapping):
                found |= {f"{name}.{inner}" for inner in value}

    def request(self, request: bytes) -> None:
        """A request as it went over the wire."""
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.page.alike([f"> {line}" for line in lines if not line.lower().startswith(_OF_LIBRARIES)])
        if body:
            self.page.say(f"> {body.decode('utf-8', 'replace')}")


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with page_beside_a_server(folder, {name: [[PUBLIC]] for name in NAMES}) as beside:
        yield World(*beside, folder)


def title_of(name: str, value: Any) -> str:
    return f"{name}: {briefly(value)}"
