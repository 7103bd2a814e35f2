"""Forms are taken only from pages of the session that they were made for."""

from __future__ import annotations

import pytest

from tests.api.asking import scheduled
from tests.console.browsing import signed_in, stranger
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
        {"origin": "http://testserver", "sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_from_another_page_is_refused(headers: dict[str, str]) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        path = f"/schedules/{made['id']}/delete"
        page = await person.see(path)
        person.client.headers.update(headers)
        await person.send(path, page, 403)
        async with stranger(house) as other:
            other.client.headers.update(headers)
            await other.send("/sign-in", "", 403, key=house.key)
        assert (await house.client.get(f"/horarium/v1/schedules/{made['id']}")).status_code == 200


async def test_a_form_that_does_not_say_where_it_comes_from_is_refused() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/")
        del person.client.headers["origin"]
        await person.send("/sign-out", page, 403)


async def test_a_form_without_the_token_of_its_session_is_refused() -> None:
    async with House.open(NOW) as house, signed_in(house) as person, signed_in(house) as other:
        made = await scheduled(house)
        path = f"/schedules/{made['id']}/pause"
        await person.send(path, "", 403)
        await person.send(path, await other.see(path), 403)
        await person.send(path, await person.see(path))


async def test_forms_that_cannot_be_read_are_refused_in_a_page() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        for body in (b"\xff=\xff", b"a=%00", b"&".join(b"a=1" for _ in range(1_000))):
            answer = await person.client.post("/console/theme", content=body)
            assert answer.status_code == 400
            assert "<h1>This cannot be accepted</h1>" in answer.text


async def test_the_look_is_kept_and_an_unknown_one_is_not() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/schedules")
        answer = await person.send("/theme", page, theme="dark", back="/console/schedules")
        assert answer.headers["location"] == "/console/schedules"
        assert '<html lang="en" data-theme="dark">' in await person.see("/schedules")
        await person.send("/theme", page, theme='"><script>')
        assert 'data-theme="auto"' in await person.see("/schedules")
