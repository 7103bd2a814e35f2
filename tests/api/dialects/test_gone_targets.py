"""A schedule that has outlived its target is still read, listed, stopped and deleted."""

from __future__ import annotations

import pytest

from tests.api.dialects.speakers import Autessa, M9m, Speaker, Trustpager, Uranus
from tests.support.house import House
from tests.support.receiver import Receiver


@pytest.mark.parametrize("kind", [Trustpager, Autessa, M9m, Uranus], ids=lambda kind: kind.dialect)
async def test_a_schedule_whose_target_was_forgotten_is_shown_and_ended(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    made = speaker.seen(await speaker.create())[0]
    before = (await speaker.read(made)).json()
    house.store.connection.execute(  # type: ignore[attr-defined]
        "DELETE FROM targets WHERE key = ?", (f"{kind.dialect}-{kind.kind}",)
    )
    house.services.targets._known.clear()
    after = (await speaker.read(made)).json()
    assert before.keys() == after.keys()
    assert await speaker.listed() == [made]
    named = {"m9m": "workflowId", "uranus": "callback_id"}.get(kind.dialect)
    if named is not None:
        assert after[named] == before[named] == f"{kind.dialect}-{kind.kind}"
    assert (await speaker.pause(made)).status_code == 200
    if isinstance(speaker, Autessa):  # what is shown can be sent back
        event = (await speaker.read(made)).json()["scheduledEvent"]
        assert (await speaker.call("update", scheduledEventId=made, **event)).status_code == 200
        assert (await speaker.read(made)).json()["scheduledEvent"] == event
    if isinstance(speaker, Uranus):  # a callback is replaced by one of the kind that it was
        await house.target("workflow", key="other")
        other = await speaker.client.put(speaker._at(made), json={"callback_id": "other"})
        assert (other.status_code, other.json()["callback_id"]) == (200, "other")
    assert not speaker.seen((await speaker.read(made)).json())[1]
    assert (await speaker.delete(made)).status_code in (200, 204)
