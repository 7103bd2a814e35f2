"""Whoever gives up while the store works takes nothing from others: they get their answers, and the store goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from horarium.store.base import Store, Tx
from horarium.store.verbs.meta import all_meta, hold


async def held(tx: Tx, name: str) -> str:
    await hold(tx, name)
    return name


async def held_together(tx: Tx, names: Sequence[str]) -> str:
    for name in sorted(names):
        await hold(tx, name)
    return "all"


async def looked(tx: Tx, name: str) -> str:
    await all_meta(tx)
    return name


ASKS: dict[str, Callable[[Store, str], Awaitable[str]]] = {
    "write": lambda store, name: store.write(held, name),
    "urgent": lambda store, name: store.urgent(held, name),
    "write_grouped": lambda store, name: store.write_grouped(held_together, name),
    "read": lambda store, name: store.read(looked, name),
}


@pytest.mark.parametrize("how", ASKS)
@pytest.mark.parametrize("who", [0, 1, 2])
async def test_others_are_answered_though_one_gives_up_at_any_moment(store: Store, how: str, who: int):
    ask = ASKS[how]
    for turns in range(8):
        asked = [asyncio.ensure_future(ask(store, f"{turns} {name}")) for name in "abc"]
        for _ in range(turns):
            await asyncio.sleep(0)
        asked[who].cancel()
        async with asyncio.timeout(20):
            found = await asyncio.gather(*asked, return_exceptions=True)
        expected = ["all"] * 3 if how == "write_grouped" else [f"{turns} {name}" for name in "abc"]
        assert [*found[:who], *found[who + 1 :]] == [*expected[:who], *expected[who + 1 :]]
        assert found[who] == expected[who] or isinstance(found[who], asyncio.CancelledError)
        if how != "read":
            others = {f"{turns} {name}" for name in "abc"} - {f"{turns} {'abc'[who]}"}
            assert others <= (await store.read(all_meta)).keys()
    async with asyncio.timeout(20):
        await asyncio.gather(*(ask(store, f"then {number}") for number in range(20)))
    assert store.waiting() == {"engine": 0, "api": 0}
