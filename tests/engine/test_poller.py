"""One question finds all kinds of upkeep that have something to do, and tells exactly those who do them."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.ids import LOWEST_ID, Id
from horarium.engine.poller import Poller
from horarium.store.verbs import upkeep
from horarium.store.verbs.upkeep import Pending
from tests.support.house import HandClock

NOTHING = Pending(*[False] * len(Pending._fields))


class Told:
    """A store that says what there is to do."""

    def __init__(self) -> None:
        self.pending = NOTHING
        self.asked: list[tuple[int, Id]] = []

    async def read(self, verb: Any, now: int, after: Id) -> tuple[Pending, Id]:
        assert verb is upkeep.pending
        self.asked.append((now, after))
        return self.pending, bytes([len(self.asked)])


@pytest.mark.parametrize("kind", Pending._fields)
async def test_who_does_a_kind_of_upkeep_is_told_when_there_is_some_and_nobody_else(kind):
    store: Any = Told()
    poller = Poller(store, HandClock(7))
    assert not await poller.look()
    assert not any(told.is_set() for told in poller.told.values())
    store.pending = NOTHING._replace(**{kind: True})
    assert not await poller.look()
    assert [one for one, told in poller.told.items() if told.is_set()] == [kind]
    assert store.asked == [(7, LOWEST_ID), (7, b"\1")]
