"""A person at the console, without a browser: forms and cookies as a browser sends them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.house import House, Tenant, client_of

ORIGIN = {"origin": "http://testserver", "accept": "text/html"}


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
