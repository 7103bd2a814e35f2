"""What each page of the console says, and what can be done there, in a workspace in which a lot has happened.

Every route of the console is in the walk: one without an entry in `visits.py` fails it. A page of somebody who may do
less is told as the lines that differ. `python -m tests.console.pages_said` writes the page anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from difflib import SequenceMatcher
from pathlib import Path
from unittest.mock import patch

import httpx
from starlette.routing import Match, Route

from horarium.api.kit import registry
from horarium.console.app import make_console
from horarium.service.rates import Rates
from tests.console import visits
from tests.console.browsing import Person, signed_in, stranger
from tests.console.readable import Page, read
from tests.console.world import World, furnished

PAGE = Path(__file__).with_name("pages_said.txt")
_ID = re.compile(r"(?:\b|(?<=\\n))(sch|fire|run|tgt|prn|key|ws|evt|hook|act|pau|win|aud|node)_[0-9A-Z]{26}\b")
_OTHER = (
    (re.compile(r"\bhor_[\w-]{20,}"), "KEY"),
    (re.compile(r"\bwhsec_[\w+/=-]{20,}|\bwhsk_[\w+/=-]{20,}"), "SECRET"),
    (re.compile(r"\bwhpk_[\w+/=-]{20,}"), "PUBLIC KEY"),
    (re.compile(r"…[\w-]{4}(?![\w-])"), "…HINT"),
    (re.compile(r"(?<=[?&]cursor=)[\w%-]+"), "CURSOR"),
    (re.compile(r"(?<=[?&]v=)[0-9a-f]{12}"), "VERSION"),
    (re.compile(r"(?<=<hidden once=)[0-9a-f]{24}"), "ONCE"),
    (re.compile(r"(?<=%3A)CURSOR"), "CURSOR"),
)  # fmt: skip


# A long text of one letter, by which pages are shown to cut it.
_REPEATED = re.compile(r"([a-z])\1{19,}")
_AGO = re.compile(r"(?:in )?\d+ \w+(?: ago)?@")
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_HERE = re.compile(r"\[([^\]]*?) -> [^\]]* aria-current=page\]")


class Names:
    """Ids by the order in which they appear, so that a link to the wrong thing shows and chance does not."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._pictures: dict[str, str] = {}

    def plain(self, line: str) -> str:
        line = _ID.sub(lambda found: self._name(found[0], found[1]), line)
        line = _REPEATED.sub(lambda found: f"{found[1]}×{len(found[0])}", line)
        for pattern, instead in _OTHER:
            line = pattern.sub(instead, line)
        return re.sub(r"<picture [\d ]+:[^>]*>", self._picture, line)

    def _name(self, an_id: str, kind: str) -> str:
        if an_id not in self._known:
            count = sum(known.startswith(f"{kind}-") for known in self._known.values())
            self._known[an_id] = f"{kind}-{count + 1}"
        return self._known[an_id]

    def _picture(self, found: re.Match[str]) -> str:
        """Pictures without words come again and again: each is told once, at the end."""
        return self._pictures.setdefault(found[0], f"<picture {len(self._pictures) + 1}>")

    def pictures(self) -> list[str]:
        return [f"{name} is {picture}" for picture, name in self._pictures.items()]


class Walk:
    """Opens pages and sends forms, and writes down what they say. `reached` are the routes that were asked."""

    def __init__(self, world: World) -> None:
        self.world, self.names, self.lines = world, Names(), list[str]()
        self.routes = [
            route for route in make_console(world.house.services, {}).routes if isinstance(route, Route)
        ]
        self.reached = set[tuple[str, str]]()
        self._frames: dict[str, list[str]] = {}
        self._known: dict[tuple[str, str], list[str]] = {}
        self._tenant = ""

    def begin(self, chapter: visits.Chapter) -> None:
        self._tenant = chapter.tenant
        self.world.steady(chapter.title)
        self.lines += ["", f"## {chapter.title}"]

    async def visit(self, path: str, person: Person, others: Mapping[str, Person]) -> None:
        """Open a page, and see what others see there."""
        path = path.format(**self.world.there)
        self._reach("GET", path)
        said = await self._said(person, path, self._tenant)
        base = path.partition("?")[0].removesuffix("/why")
        known = self._known.setdefault((self._tenant, base), said)
        self._title(f"GET {path}", _shorter(self.names.plain(base), known, said))
        if base == path:
            self._known[self._tenant, base] = said
        for name, other in others.items():
            self._differing(name, said, await self._said(other, path, name))

    async def send(self, path: str, person: Person, body: Mapping[str, str | list[str]], form: str) -> None:
        """Send a form as it stands on a page, with some fields changed; what the answer says."""
        self.world.steady(f"{path} {body}")
        path, form = path.format(**self.world.there), form.format(**self.world.there)
        self._reach("POST", path)
        page = await self._asked(person, "GET", form)
        token = _TOKEN.search(page.text) or _TOKEN.search((await person.client.get("/console/switch")).text)
        sent = {name: _filled(value, self.world.there) for name, value in body.items()}
        token_field = {"csrf": token[1] if token else ""}
        answer = await self._asked(person, "POST", path, {**token_field, **sent})
        said = self._answer(answer, path, self._tenant)
        if len(said) > 2 and page.status_code == 200:
            before = self._answer(page, form, self._tenant)
            said = _shorter(self.names.plain(form), before, said)
        self._title(f"POST {path} {sent}", said)
        there = answer.headers.get("location", "").removeprefix("/console")
        if there.startswith("/") and person.client.cookies:
            await self._follow(person, there)

    async def _follow(self, person: Person, path: str) -> None:
        """The page that a form leads to, as it differs from what it said before."""
        seen, base = await self._said(person, path, self._tenant), path.partition("?")[0]
        known = self._known.setdefault((self._tenant, base), seen)
        same = [seen[0], f"as {self.names.plain(base)} before"]
        self.lines += same if seen == known else _shorter(self.names.plain(base), known, seen)
        self._known[self._tenant, base] = seen

    async def _said(self, person: Person, path: str, who: str) -> list[str]:
        return self._answer(await self._asked(person, "GET", path), path, who)

    async def _asked(
        self, person: Person, method: str, path: str, body: Mapping[str, str | list[str]] | None = None
    ) -> httpx.Response:
        """An answer of the console, with what it costs of the rate limit beside what each request does."""
        costs = list[float]()
        with (
            patch.object(Rates, "charge", lambda _, who, cost: costs.append(cost)),
            patch.object(Rates, "spend", lambda _, who, cost: costs.append(cost)),
        ):
            answer = await person.client.request(method, f"/console{path}", data=body)
        answer.extensions["costs"] = f", costs {sum(costs):g} more" if sum(costs) else ""
        return answer

    def _answer(self, answer: httpx.Response, path: str, who: str) -> list[str]:
        status = f"{answer.status_code}{answer.extensions['costs']}"
        if (location := answer.headers.get("location")) is not None:
            return [self.names.plain(f"{status}, leads to {location.removeprefix('/console')}")]
        kind = answer.headers["content-type"].partition(";")[0]
        if kind != "text/html":
            text = (
                answer.text if kind != "text/css" and kind != "text/javascript" and "svg" not in kind else ""
            )
            return [
                self.names.plain(
                    " ".join(f"{status} {kind} {answer.headers['cache-control']} {text}".split())
                )
            ]
        page = read(answer.text)
        at, frame = self._frame(page, path, who)
        main = [self.names.plain(line) for line in page.main]
        if f"Status {answer.status_code}." in main:
            main = [" | ".join(main)]
        return [f"{status}{at}", *frame, *main]

    def _frame(self, page: Page, path: str, who: str) -> tuple[str, list[str]]:
        """The title, at which of the pages of the frame somebody is, and what of the frame differs from what they saw
        first."""
        at = [found for line in page.frame for found in _HERE.findall(line)]
        frame = [
            self.names.plain(
                line.replace(" aria-current=page", "").replace(
                    f"<hidden back=/console{path}>", "<hidden back>"
                )
            )
            for line in page.frame
        ]
        told = "".join(
            f", {each}" for each in [self.names.plain(page.title), *(f"at {each}" for each in at)] if each
        )
        if len(frame) < 3:
            return told, frame
        known = self._frames.setdefault(who, frame)
        return told, frame if known is frame else _differences(known, frame)

    def _title(self, title: str, said: Iterable[str]) -> None:
        self.lines += ["", f"# {self.names.plain(title)}", *said]

    def _differing(self, who: str, said: list[str], seen: list[str]) -> None:
        if seen[0][:3] != said[0][:3]:
            self.lines.append(f"  {who}: {' | '.join(seen)}")
        elif differences := _differences(said, seen):
            self.lines += [f"  {who}:", *(f"  {line}" for line in differences)]

    def _reach(self, method: str, path: str) -> None:
        scope = {
            "type": "http",
            "method": method,
            "path": path.partition("?")[0],
            "root_path": "",
            "headers": [],
        }
        found = [route.path for route in self.routes if route.matches(scope)[0] is Match.FULL]
        self.reached.update((method, path) for path in found[:1])

    def left_out(self) -> set[tuple[str, str]]:
        """The routes that the walk has not come to."""
        every = {
            (method, route.path)
            for route in self.routes
            for method in route.methods or ()
            if method != "HEAD"
        }
        return every - self.reached - visits.ELSEWHERE.keys()


def _filled(value: str | list[str], there: Mapping[str, str]) -> str | list[str]:
    if isinstance(value, list):
        return [each.format(**there) for each in value]
    return (
        value.format(**there) if value.startswith("{") and value.endswith("}") and ":" not in value else value
    )


def _shorter(base: str, known: list[str], said: list[str]) -> list[str]:
    """What a page says; if another one says nearly the same, how it differs from that."""
    differences = _differences(known[1:], said[1:])
    return (
        [said[0], f"as {base} before, but:", *differences] if 0 < len(differences) < len(said) * 0.8 else said
    )


def _differences(before: list[str], after: list[str]) -> list[str]:
    """The lines that are missing (-) or added (+). How long ago something was makes none."""
    found = list[str]()
    for _, start, end, first, last in SequenceMatcher(
        None, *(_timeless(lines) for lines in (before, after)), autojunk=False
    ).get_opcodes():
        if _timeless(before[start:end]) != _timeless(after[first:last]):
            found += _missing(before[start:end]) + [f"+ {line}" for line in after[first:last]]
    return found


def _timeless(lines: list[str]) -> list[str]:
    return [_AGO.sub("@", line) for line in lines]


def _missing(lines: list[str]) -> list[str]:
    """Lines that are missing: the first, and how many others."""
    return [f"- {lines[0]}" + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")] if lines else []


async def walked() -> tuple[str, set[tuple[str, str]]]:
    """All pages with what they say, and the routes that no page is of."""
    async with furnished() as world:
        walk = Walk(world)
        async with people(world) as (tenants, others):
            for chapter in visits.CHAPTERS:
                person = tenants[chapter.tenant]
                walk.begin(chapter)
                await chapter.before(world)
                with bounded(chapter.bounds):
                    for path in chapter.pages:
                        await walk.visit(path, person, others if path in chapter.shared else {})
                    for form in chapter.forms:
                        await walk.send(form.to, person, form.fields, form.on or form.to)
        walk.lines += ["", "## Pictures", *walk.names.pictures()]
        return "\n".join(walk.lines).strip() + "\n", walk.left_out()


@asynccontextmanager
async def people(world: World) -> AsyncIterator[tuple[dict[str, Person], dict[str, Person]]]:
    """Who may do everything on this server, by the workspace that they belong to; and who may do less in the first."""
    house = world.house
    async with AsyncExitStack() as stack:
        every = {
            name: await stack.enter_async_context(signed_in(house, tenant))
            for name, tenant in world.tenants.items()
        }
        every["nobody"] = await stack.enter_async_context(stranger(house))
        others = {}
        for name, scopes in visits.PEOPLE.items():
            key = await house.key_of_another(name, *scopes)
            others[name] = await stack.enter_async_context(signed_in(house, key=key))
        yield every, others


@contextmanager
def bounded(bounds: Mapping[str, int]) -> Iterator[None]:
    """While this holds, lists are as long as `bounds` say, by the names of the constants."""
    with ExitStack() as stack:
        for name, most in bounds.items():
            stack.enter_context(
                patch(f"horarium.{name}" if name.count(".") > 1 else f"horarium.console.{name}", most)
            )
        yield


def page() -> str:
    """What all pages say."""
    return asyncio.run(walked())[0]


if __name__ == "__main__":
    registry.load()
    PAGE.write_text(page(), "utf-8")
