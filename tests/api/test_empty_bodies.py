"""Whoever has nothing to say in a body may leave it out, or send white space or an empty object, to every route.

Clients differ in what they send then. Routes are those of the OpenAPI pages, so that a new one is walked as well.
"""

from __future__ import annotations

import pytest

from horarium.api.app import own_api
from horarium.api.dialects.trustpager import routes as trustpager
from horarium.api.kit import registry
from tests.api.test_walk_of_keys import API_NAMES, house, walk_of
from tests.support.house import House
from tests.support.receiver import Receiver

__all__ = ["house"]

# What stands for no body where a body has to say something, where it need not, and where none is looked for.
MISSING = (b"", b" ", b"\r\n\t")
NOTHING = (*MISSING, b"{}", b" {}\n")
UNREAD = (*NOTHING, b"null")
# Bodies of lines, of which there may be none.
LINES = {"POST /schedules/bulk", "PUT /directory/{kind}"}


@pytest.mark.parametrize("name", API_NAMES)
async def test_nothing_is_said_in_any_of_the_ways_in_which_clients_say_it(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(trustpager, "RESOLVED_S", 0.0)  # no engine runs here that would resolve an audience
    walk = await walk_of(house, receiver, name)
    dialects = registry.load()
    app = (
        own_api(house.services, dialects) if name == "native" else dialects[name].application(house.services)
    )
    entries = {
        (method.upper(), path): entry
        for path, methods in app.openapi()["paths"].items()
        for method, entry in methods.items()
    }
    differing, walked = [], 0
    # What deletes comes last, so that the others find something.
    for (method, path), entry in sorted(entries.items(), key=lambda one: "delete" in "".join(one[0]).lower()):
        if method == "GET" or f"{method} {path}" in LINES:
            continue
        walked += 1
        body = entry.get("requestBody")
        needed = body is not None and body.get("required", False)
        headers = {"Content-Type": "application/json", **walk.headers(house.key)}
        told = []
        # The first one may change something, such as delete the thing, after which all are answered alike.
        for content in (b"", *(UNREAD if body is None else MISSING if needed else NOTHING)):
            answer = await house.client.request(method, walk.filled(path), content=content, headers=headers)
            told.append(answer.status_code)
        if len(set(told[1:])) > 1 or (needed and told[0] < 400):
            differing.append(f"{method} {path}: {told}")
    assert differing == [], "\n".join(differing)
    assert walked > 2
