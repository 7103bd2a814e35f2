"""Forms are taken only from pages of the session that they were made for."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from horarium.console.forms import refuse_foreign
from horarium.domain.errors import Forbidden
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


HERE, PUBLIC = "http://10.0.0.7:8080", "https://Horarium.example"


@pytest.mark.parametrize(
    ("public_url", "origin", "site", "is_taken"),
    [
        (None, HERE, None, True),
        (None, HERE, "same-origin", True),
        (None, HERE.upper(), "same-origin", True),
        (None, None, "same-origin", True),
        (None, HERE, "none", False),
        (None, HERE, "same-site", False),
        (None, HERE, "cross-site", False),
        (None, None, None, False),
        (None, PUBLIC, None, False),
        (None, "http://10.0.0.7", None, False),  # another port is another server
        (None, "null", None, False),
        (None, "", None, False),
        (None, "http://[", None, False),
        (PUBLIC, HERE, None, True),  # who comes by no proxy
        (PUBLIC, PUBLIC, None, True),
        (PUBLIC, PUBLIC.lower(), "same-origin", True),  # as browsers write it
        (f"{PUBLIC}/", PUBLIC.lower(), "same-origin", True),
        (f"{PUBLIC}:8443", PUBLIC.lower(), None, False),
        (f"{PUBLIC}:8443", f"{PUBLIC.lower()}:8443", None, True),
        (PUBLIC, "https://horarium.example.evil", None, False),
        (PUBLIC, "https://evil.example", "same-origin", False),
    ],
)
def test_a_form_comes_from_the_address_that_browsers_use(
    public_url: str | None, origin: str | None, site: str | None, is_taken: bool
) -> None:
    headers = {"host": "10.0.0.7:8080", "origin": origin, "sec-fetch-site": site}
    given = [(name.encode(), text.encode()) for name, text in headers.items() if text is not None]
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": given})
    if is_taken:
        refuse_foreign(request, public_url)
    else:
        with pytest.raises(Forbidden, match="public_url must be the address that browsers use"):
            refuse_foreign(request, public_url)


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
