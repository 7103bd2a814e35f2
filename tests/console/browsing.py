"""A person at the console, without a browser: forms and cookies as a browser sends them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import httpx

from tests.support.house import House, Tenant, client_of

ORIGIN = {"origin": "http://testserver", "accept": "text/html"}


class _Forms(HTMLParser):
    """The forms of a page, by where they are sent: what a browser would send of each if nobody touched it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] = {}
        # The name of the choice or the text that stands open, and its text.
        self._choice: str | None = None
        self._text: tuple[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name"), given.get("value") or ""
        if tag == "form":
            self._form = self.found[given.get("action") or ""] = {}
        elif tag == "select":
            self._choice = name
        elif tag == "option" and self._choice is not None:
            chosen = self._form.setdefault(
                self._choice, [value]
            )  # a browser takes the first if none is selected
            if "selected" in given:
                chosen[:] = [value]
        elif name is None or "disabled" in given:
            return
        elif tag == "textarea":
            self._text = (name, "")
        elif tag == "input" and (
            given.get("type") not in ("checkbox", "radio", "file") or "checked" in given
        ):
            self._form.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text = (self._text[0], self._text[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._choice = None
        elif tag == "textarea" and self._text is not None:
            name, text = self._text
            # Browsers leave out a line break at the beginning, and send others as two characters.
            sent = text.removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n")
            self._form.setdefault(name, []).append(sent)
            self._text = None


def untouched(page: str, path: str) -> dict[str, list[str]]:
    """What a browser sends of the form of a page that goes to a path below /console, if nobody touches it."""
    return _Forms(page).found[f"/console{path}"]


class Person:
    """Somebody who looks at pages; `client` keeps their cookies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def see(self, path: str, status: int = 200) -> str:
        """The page at a path below /console."""
        answer = await self.client.get(f"/console{path}")
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    async def send(
        self, path: str, page: str, status: int = 303, **fields: str | list[str]
    ) -> httpx.Response:
        """Send a form with the token that stands in a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        token = {} if found is None else {"csrf": found[1]}
        answer = await self.client.post(f"/console{path}", data={**token, **fields})
        assert answer.status_code == status, answer.text[:2000]
        return answer


@asynccontextmanager
async def stranger(house: House) -> AsyncIterator[Person]:
    """Somebody who has not signed in."""
    async with client_of(house.api, headers=ORIGIN) as client:
        yield Person(client)


@asynccontextmanager
async def signed_in(
    house: House, tenant: Tenant | None = None, key: str | None = None
) -> AsyncIterator[Person]:
    """Somebody who has signed in with the key of a tenant, or another one."""
    async with stranger(house) as person:
        await person.send("/sign-in", "", key=key or (tenant or house.first).key)
        yield person
