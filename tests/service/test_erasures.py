"""The erasure of a person is begun at once, and goes on later where it has to wait."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from horarium.service import erasures as module
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(("until", "pieces"), [("look_ms", 3), ("finished_ms", 3), ("time", 5)])
async def test_who_erases_waits_until_it_is_over_or_waits_itself_or_a_second_is_gone(
    monkeypatch, until: str, pieces: int
) -> None:
    times = iter(range(100))
    monkeypatch.setattr(module, "AT_ONCE_S", 6)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(times)))
    async with House.open(NOW) as house:
        service, who, looked = house.services.erasures, await house.who(), []

        async def step(_: object, erasure_id: bytes) -> object:
            looked.append(erasure_id)
            assert len(looked) < 10, "it looks for ever"
            found = await service.get(who, erasure_id)
            return replace(found, **{until: 1}) if len(looked) == 3 and until != "time" else found

        monkeypatch.setattr(type(service), "_step", step)
        begun = await service.erase(who, "ann", [])
        assert looked == [begun.id] * pieces
