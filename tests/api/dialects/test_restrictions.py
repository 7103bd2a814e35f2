"""Keys that are restricted to targets or networks, in every dialect."""

from typing import Any

import httpx
import pytest

from tests.api.asking import ask
from tests.api.dialects.speakers import SPEAKERS, Autessa, Speaker
from tests.support.house import House
from tests.support.receiver import Receiver

SCOPES = ["schedules:read", "schedules:write", "schedules:delete", "runs:read", "runs:write", "targets:read"]


async def key(house: House, **given: Any) -> str:
    """A key that may do what a user of schedules does, with these restrictions."""
    return str((await ask(house, "POST", "/keys", {"name": "k", "scopes": SCOPES} | given, 201))["key"])


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_in_every_dialect_a_restricted_key_neither_changes_nor_stops_a_schedule_of_another_target(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    await house.target("workflow", key="mine")
    made, owner = await key(house, targets=["mine"]), speaker.client.headers["Authorization"]
    restricted = made if kind is Autessa else f"Bearer {made}"
    for act in (speaker.change, speaker.pause, speaker.resume, speaker.delete):
        speaker.client.headers["Authorization"] = owner
        if act == speaker.resume:
            assert (await speaker.pause(speaker.schedule)).status_code in (200, 204)
        speaker.client.headers["Authorization"] = restricted
        assert (await speaker.read(speaker.schedule)).status_code == 200
        answer = await act(speaker.schedule)
        assert answer.status_code == 403, (act, answer.text)
        message = speaker.envelope(answer)
        if kind is Autessa:
            assert message == (
                f"API key does not have permission to access the target agent (ID: {speaker.number})"
            )
        else:
            assert "restricted to 1 targets" in message
    with pytest.raises(AssertionError):
        await speaker.create()


async def test_a_restricted_key_neither_ends_nor_repeats_nor_deletes_an_execution_of_another_workflow(
    house: House,
) -> None:
    await house.target("workflow", key="other")
    await house.target("workflow", key="mine")
    headers = {"Authorization": f"Bearer {await key(house, targets=['mine'])}"}
    base = "/api/v1/executions"
    begun = (await house.client.post("/api/v1/workflows/other/execute", json=[])).json()
    one = f"{base}/{begun['id']}"
    for method, place, as_owner in (
        ("POST", f"{one}/cancel", 200),
        ("POST", f"{one}/retry", 200),
        ("DELETE", one, 204),
    ):
        refused = await house.client.request(method, place, headers=headers)
        assert refused.status_code == 403, (place, refused.text)
        assert (await house.client.request(method, place)).status_code == as_owner


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_a_key_from_another_network_is_told_so_in_every_dialect(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    made = await key(house, networks=["10.0.0.0/8"])
    headers = {"Authorization": made if kind is Autessa else f"Bearer {made}"}
    for address, status in (("10.1.2.3", 200), ("192.0.2.1", 403)):
        transport = httpx.ASGITransport(house.api, client=(address, 5))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers
        ) as speaker.client:
            answer = await speaker.read(speaker.schedule)
        assert answer.status_code == status, answer.text
        if status == 403:
            assert "may not be used from this address" in speaker.envelope(answer)
