"""A running server with something to see, and a browser in front of it (make browser)."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from horarium.cli.demo_world import Receiver, Server, started_server

# Where the machine's browser is.
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# Pages renew themselves every few seconds, and what a page then shows is waited for.
expect.set_options(timeout=15_000)
# The rules of WCAG 2.2 up to level AA.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


class LateReceiver(Receiver):
    """A receiver that on the path `/later` accepts runs whose end it would report afterwards, and never does. On
    `/events` it accepts events."""

    def _take(self, path: str, run: dict[str, Any]) -> int:
        if path == "/events":
            return 200
        status = super()._take(path, run)
        return 202 if path == "/later" else status


@dataclass
class World:
    """A server, a receiver of its runs, and what a browser did that it should not have done."""

    url: str
    key: str
    receiver: str
    browser: Browser
    faults: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"authorization": f"Bearer {key or self.key}"}
        answer = httpx.request(method, f"{self.url}/horarium/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def until(self, path: str, count: int = 1) -> list[Any]:
        """The items of a list, once there are so many."""
        end = time.monotonic() + 30
        while len(items := self.ask("GET", path)["items"]) < count:
            assert time.monotonic() < end, f"{path} has {len(items)} items, not {count}"
            time.sleep(0.1)
        return list(items)

    def person(self, width: int = 1440, look: str = "light") -> Page:
        """Somebody in Paris who has signed in. What their browser complains of is a fault."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=look,
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("request", lambda sent: self._note_request(sent.url))
        page.goto(f"{self.url}/")
        page.get_by_label("API key").fill(self.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/")
        return page

    def forgive(self, status: int) -> None:
        """Answers with a status that a test has asked for are no faults."""
        self.faults[:] = [fault for fault in self.faults if f"status of {status}" not in fault]

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "status of 404" not in text:
            self.faults.append(text)

    def _note_request(self, url: str) -> None:
        if not url.startswith(self.url):
            self.faults.append(f"a request left for {url}")


@dataclass(frozen=True, slots=True)
class Stage:
    """What all tests share: a server, a receiver, and a browser."""

    server: Server
    receiver: Receiver
    browser: Browser


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with started_server() as server, LateReceiver() as receiver, sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Stage(server, receiver, browser)
        browser.close()


@pytest.fixture
def server_world(stage: Stage) -> Iterator[World]:
    """The first workspace of the server, with a key of the whole server."""
    world = World(stage.server.url, stage.server.key, stage.receiver.url, stage.browser)
    yield world
    _close(world)


@pytest.fixture
def world(stage: Stage, server_world: World) -> Iterator[World]:
    """A workspace of its own for each test, with its administrator's key."""
    made = server_world.ask("POST", "/workspaces", {"name": f"Workspace {secrets.token_hex(4)}"})
    world = World(stage.server.url, made["admin_key"]["key"], stage.receiver.url, stage.browser)
    yield world
    _close(world)


def _close(world: World) -> None:
    """Close the windows of a test, whose pages would go on renewing themselves."""
    for context in world.browser.contexts:
        context.close()
    assert world.faults == []
