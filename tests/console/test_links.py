"""Whatever a page links to is there, and whatever a form is sent to takes forms: found by following every link."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from starlette.routing import Match

from horarium.console.app import make_console
from horarium.domain.tenancy import SERVER_SCOPE
from tests.api.asking import ask
from tests.console.browsing import signed_in
from tests.console.test_pages import Tags, world
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
_ID = re.compile(r"[a-z]+_[0-9A-Za-z]{26}")


def shape(link: str) -> str:
    """What is alike in links of the same kind: ids and values differ, names do not."""
    parts = urlsplit(link)
    names = ",".join(sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
    return f"{_ID.sub('ID', parts.path)}?{names}"


async def test_every_link_leads_to_a_page_and_every_form_to_a_route() -> None:
    async with House.open(NOW) as house:
        await world(house, name="one", audience=None)
        await ask(house, "PUT", "/directory/contacts", [{"id": f"c{n}"} for n in range(4)])
        await ask(
            house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}}
        )
        await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
        await ask(house, "POST", "/principals", {"name": "p"}, 201)
        await ask(house, "POST", "/keys", {"name": "k", "scopes": ["runs:read"]}, 201)
        await house.workspace("other")
        routes = make_console(house.services, {}).routes
        key = await house.key_with(SERVER_SCOPE, "*")
        async with signed_in(house, key=key) as person:
            ahead, seen, sent_to = ["/console/"], {shape("/console/")}, set[str]()
            while ahead:
                link = ahead.pop()
                answer = await person.client.get(link)
                assert answer.status_code == 200, link
                for tag, attributes in Tags(answer.text).found:
                    if tag == "form" and attributes.get("method") == "post":
                        sent_to.add(urlsplit(attributes["action"] or "").path)
                    href = attributes.get("href") if tag == "a" else None
                    if href and href.startswith("/console") and shape(href) not in seen:
                        seen.add(shape(href))
                        ahead.append(href.partition("#")[0])
        for path in sent_to:
            scope = {"type": "http", "method": "POST", "path": path.removeprefix("/console"), "root_path": ""}
            assert any(route.matches(scope)[0] is Match.FULL for route in routes), path
        print(len(seen), len(sent_to))
        assert len(seen) > 60
        assert len(sent_to) > 20
