"""What is the same of every answer of the console: no browser keeps it, no page elsewhere gets hold of it, and each
cookie is for this server alone. The routes are those of the console, so that a new page is in these walks by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import Route

from horarium.console.app import make_console
from horarium.console.rendering import STRICT, path_to
from tests.console.browsing import Person, signed_in, stranger
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
# Routes that are no pages: files, and streams, which do not end.
OTHERS = ("/static/", "/live/")
COOKIE = re.compile(r"(\w+)=[^;]*; Path=/console; Max-Age=(\d+); HttpOnly; SameSite=Strict(; Secure)?")
HOUR_S = 3_600
# The longest form that is read: one with an input of a schedule and what else belongs to it.
MEBIBYTE = 1024 * 1024


def routes(house: House) -> Iterator[tuple[str, str]]:
    """The method and the path of every page and form, with something in the place of ids that is none."""
    for route in make_console(house.services, {}).routes:
        assert isinstance(route, Route)
        if not route.path.startswith(OTHERS):
            for method in route.methods or ():
                yield method, "/console" + re.sub(r"{\w+}", "x", route.path)


async def asked(person: Person, method: str, path: str, token: str) -> httpx.Response:
    form = {"csrf": token, "key": "hor_x", "theme": "dark"}
    return await person.client.request(method, path, data=form if method == "POST" else None)


@pytest.mark.parametrize("who", ["a stranger", "somebody", "somebody who may do nothing"])
async def test_no_browser_keeps_an_answer_and_every_one_is_strict_whoever_asks(who: str) -> None:
    async with House.open(NOW) as house:
        key = house.key if who == "somebody" else await house.key_with("directory:read")
        async with stranger(house) if who == "a stranger" else signed_in(house, key=key) as person:
            found = re.search(
                r'name="csrf" value="([^"]+)"', (await person.client.get("/console/switch")).text
            )
            statuses = Counter[int]()
            for method, path in sorted(routes(house), key=lambda route: route[1] == "/console/sign-out"):
                answer = await asked(person, method, path, found[1] if found else "")
                statuses[answer.status_code] += 1
                named = [(name, answer.headers[name.decode()].encode()) for name, _ in STRICT]
                assert named == [*STRICT], (method, path)
                assert answer.headers["cache-control"] == "no-store", (method, path)
                assert answer.headers["x-content-type-options"] == "nosniff", (method, path)
                assert answer.headers["x-frame-options"] == "DENY", (method, path)
                if who == "a stranger" and answer.status_code == 303:
                    # What is sent by a form is not gone on with after signing in: there is no page to look at.
                    on = method in ("GET", "HEAD") and path != "/console/"
                    wanted = {"next": path} if on else {}
                    assert answer.headers["location"] == path_to("sign-in", **wanted), (method, path)
    assert sum(statuses.values()) > 100
    assert statuses[500] == 0
    if who == "a stranger":
        assert statuses[303] > 50
    else:
        assert min(statuses[status] for status in (200, 303, 403, 404)) > 0


async def test_every_form_has_a_bound_and_up_to_it_is_read() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        found = re.search(r'name="csrf" value="([^"]+)"', await person.see("/switch"))
        assert found is not None
        form = f"csrf={found[1]}&theme=dark&rest=".encode()
        form += b"x" * (MEBIBYTE - len(form))
        assert (await person.client.post("/console/theme", content=form)).status_code == 303
        refused = Counter[int]()
        for method, path in routes(house):
            if method == "POST":
                answer = await person.client.post(path, content=form + b"x")
                refused[answer.status_code] += 1
                assert answer.status_code in (404, 413), path  # 404 for what there is not, whatever is sent
        assert refused[413] > 30


@pytest.mark.parametrize(
    ("public_url", "asked_by", "is_secure"),
    [
        (None, "http", False),
        (None, "https", True),  # the server has a certificate of its own
        ("http://horarium.example", "http", False),
        ("http://horarium.example", "https", True),
        ("https://horarium.example", "http", True),  # a proxy has it
    ],
)
async def test_every_cookie_is_for_this_server_alone_and_for_https_where_browsers_use_it(
    public_url: str | None, asked_by: str, is_secure: bool
) -> None:
    async with House.open(NOW, public_url=public_url) as house, stranger(house) as person:
        person.client.base_url = httpx.URL(f"{asked_by}://testserver")
        person.client.headers["origin"] = f"{asked_by}://testserver"
        lasting = list[tuple[str, int]]()

        async def sent(path: str, **fields: str) -> None:
            shown = await person.client.get("/console/switch")
            token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
            given = {"csrf": token[1] if token else "", **fields}
            answer = await person.client.post(f"/console{path}", data=given)
            assert answer.status_code == 303, answer.text[:500]
            (cookie,) = answer.headers.get_list("set-cookie")
            found = COOKIE.fullmatch(cookie)
            assert found is not None, (path, cookie)
            assert bool(found[3]) is is_secure, (path, cookie)
            lasting.append((found[1], int(found[2])))
            # A cookie that is bound to https goes over it, however the proxy asks the server.
            for each in person.client.cookies.jar:
                each.secure = False

        await sent("/sign-in", key=house.key)
        await sent("/theme", theme="dark")
        house.clock.now += HOUR_S * 1000  # a session lasts no longer than it did at its beginning
        await sent("/switch/add", key=await house.key_with("runs:read"))
        house.clock.now += HOUR_S * 1000
        await sent("/switch", place="0")
        await sent("/sign-out")
    assert lasting == [
        ("horarium_session", 12 * HOUR_S),
        ("horarium_theme", 365 * 24 * HOUR_S),
        ("horarium_session", 11 * HOUR_S),
        ("horarium_session", 10 * HOUR_S),
        ("horarium_session", 0),
    ]


@pytest.mark.parametrize(("accepted", "led_to"), [("text/html", "/console/"), ("application/json", None)])
async def test_what_is_led_to_the_console_by_what_it_accepts_is_kept_apart_by_that(
    accepted: str, led_to: str | None
) -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        answer = await person.client.get("/", headers={"accept": accepted})
        assert answer.headers.get("location") == led_to
        if led_to is not None:
            assert answer.headers["vary"].lower() == "accept"
        same = await person.client.get("/console", headers={"accept": accepted})
        assert (same.status_code, same.headers["location"]) == (303, "/console/")
