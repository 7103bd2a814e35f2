"""Short words for the tests of the project's own API."""

from typing import Any

from horarium.api.unknown import BY_KEY
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
BASE = "/horarium/v1"
HOOK = {"type": "http", "url": "https://example.com/hook"}


def with_twins(bodies: dict[str, Any]) -> dict[str, Any]:
    """Bodies by route, such as "PATCH /schedules/{id}", also for the routes that name the same thing by its key."""
    found = dict(bodies)
    for by_id, by_key in BY_KEY.items():
        for route, body in bodies.items():
            found.setdefault(route.replace(by_id, by_key), body)
    return found


async def ask(
    house: House, method: str, path: str, body: Any = None, status: int = 200, **options: Any
) -> Any:
    """The JSON of an answer that must have a status."""
    if body is not None:
        options["json"] = body
    answer = await house.client.request(method, BASE + path, **options)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def fields(
    house: House, method: str, path: str, body: Any, status: int = 400, **options: Any
) -> set[str]:
    """The fields that an answer of refusal names."""
    return {one["field"] for one in (await ask(house, method, path, body, status, **options))["errors"]}


async def scheduled(house: House, **given: Any) -> Any:
    """A schedule, on a target with the key `t` that is made if need be."""
    await house.client.put(
        f"{BASE}/targets/by-key/t", json={"kind": "workflow", "name": "T", "executor": HOOK}
    )
    body = {"name": "s", "recurrence": "0 9 * * *", "target": "t"} | given
    return await ask(house, "POST", "/schedules", body, 201)
