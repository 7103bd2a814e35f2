"""Wrong keys are answered later and later; right keys never wait."""

import asyncio

import pytest

from horarium.domain.errors import RateLimited
from horarium.service import wrong_keys
from horarium.service.wrong_keys import FREE, LONGEST_S, WrongKeys
from tests.support.house import HandClock, House, client_of

NOW = "2026-03-01T12:00:00Z"


class Waiter:
    """Notes how long callers are made to wait, and lets them go at once, or never."""

    def __init__(self, for_ever=False):
        self.waited, self.for_ever = [], for_ever

    async def __call__(self, seconds):
        self.waited.append(seconds)
        if self.for_ever:
            await asyncio.Event().wait()


async def test_the_first_wrong_keys_are_answered_at_once_and_the_next_ever_later():
    waiter = Waiter()
    keys = WrongKeys(HandClock(0), waiter)
    for _ in range(FREE):
        await keys.slow_down("192.0.2.1")
    assert waiter.waited == []
    for _ in range(8):
        await keys.slow_down("192.0.2.1")
    assert waiter.waited == [0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_S, LONGEST_S, LONGEST_S]


async def test_other_addresses_do_not_wait_and_time_forgives():
    waiter, clock = Waiter(), HandClock(0)
    keys = WrongKeys(clock, waiter)
    for _ in range(FREE + 3):
        await keys.slow_down("192.0.2.1")
    await keys.slow_down("192.0.2.2")
    assert len(waiter.waited) == 3
    for after_ms, waited in ((3_000, 4), (2_000, 4), (1_000, 4), (999, 5)):  # one is forgiven each second
        clock.now += after_ms
        await keys.slow_down("192.0.2.1")
        assert len(waiter.waited) == waited
    clock.now += 60_000
    await keys.slow_down("192.0.2.1")
    assert len(waiter.waited) == 5


async def test_what_is_remembered_of_addresses_is_bounded(monkeypatch):
    monkeypatch.setattr(wrong_keys, "MOST_ADDRESSES", 100)
    keys = WrongKeys(HandClock(0), Waiter())
    for number in range(1_000):
        await keys.slow_down(f"192.0.2.{number}")
    assert len(keys._against) == 100


async def test_no_more_wait_at_once_than_a_bound_and_the_rest_is_told_when_to_come_back(monkeypatch):
    monkeypatch.setattr(wrong_keys, "MOST_WAITING", 3)
    keys = WrongKeys(HandClock(0), Waiter(for_ever=True))
    for _ in range(FREE):
        await keys.slow_down("a")
    tasks = [asyncio.create_task(keys.slow_down("a")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await keys.slow_down("a")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert keys.waiting == 0


async def test_a_right_key_never_waits_whatever_was_sent_from_its_address():
    async with House.open(NOW) as house:
        waiter = house.services.wrong_keys.sleep = Waiter()
        async with client_of(house.api, "hor_wrong") as client:
            for _ in range(FREE + 5):
                assert (await client.get("/horarium/v1/me")).status_code == 401
        assert len(waiter.waited) == 5
        assert (await house.client.get("/horarium/v1/me")).status_code == 200
        async with client_of(house.api) as client:  # no key at all is nobody's guess
            assert (await client.get("/horarium/v1/me")).status_code == 401
        assert len(waiter.waited) == 5


@pytest.mark.parametrize(
    ("after_s", "delay"),
    [(-5, 0.8), (0, 0.8), (0.999, 0.4), (1, 0.4), (1.5, 0.2), (2, 0.2), (3, 0.1), (3.999, 0.1), (4, None), (60, None)],
)  # fmt: skip
async def test_each_second_forgives_one_wrong_key(after_s, delay):
    waiter, clock = Waiter(), HandClock(1_000_000)
    keys = WrongKeys(clock, waiter)
    for _ in range(FREE + 3):
        await keys.slow_down("192.0.2.1")
    clock.now += round(after_s * 1_000)
    waiter.waited.clear()
    await keys.slow_down("192.0.2.1")
    assert waiter.waited == ([] if delay is None else [delay])


async def test_the_address_that_has_been_quiet_for_longest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(wrong_keys, "MOST_ADDRESSES", 2)
    waiter = Waiter()
    keys = WrongKeys(HandClock(0), waiter)
    for address in ("a", "b"):
        for _ in range(FREE):
            await keys.slow_down(address)
    await keys.slow_down("a")
    await keys.slow_down("c")
    for address, waits in (("a", 2), ("b", 2)):  # b is forgotten for c, so its keys are counted anew
        await keys.slow_down(address)
        assert len(waiter.waited) == waits
