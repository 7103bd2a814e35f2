"""A key may ask so much a second, paid by what it costs."""

import pytest

from horarium.domain.actions import ActionKind
from horarium.domain.errors import RateLimited
from horarium.service import schedules
from horarium.service.rates import Allowance
from horarium.service.schedules import ScheduleDraft
from horarium.times import Timing
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_a_key_that_has_used_up_its_units_is_told_when_to_come_back():
    async with House.open(NOW, rate_limit=4.0) as house:
        who, rates = await house.who(), house.services.rates
        rates.charge(who, 4.0)
        with pytest.raises(
            RateLimited, match=r"rate limit of 4 units a second .* setting rate_limit"
        ) as caught:
            rates.charge(who, 1.0)
        assert 250 <= caught.value.retry_after_ms <= 251
        house.clock.now += 250
        rates.charge(who, 1.0)


async def test_something_that_costs_more_than_a_second_gives_waits_for_a_full_bucket():
    async with House.open(NOW, rate_limit=4.0) as house:
        who, rates = await house.who(), house.services.rates
        rates.charge(who, 6.0)
        with pytest.raises(RateLimited) as caught:
            rates.charge(who, 1.0)
        assert 750 <= caught.value.retry_after_ms <= 751


async def test_what_has_been_done_is_paid_afterwards_and_never_owed_for_longer_than_a_minute():
    async with House.open(NOW, rate_limit=4.0) as house:
        who, rates = await house.who(), house.services.rates
        rates.spend(who, 1_000_000.0)
        with pytest.raises(RateLimited) as caught:
            rates.charge(who, 1.0)
        assert caught.value.retry_after_ms == 60_251  # for a minute of debt and the unit that is asked for
        house.clock.now += caught.value.retry_after_ms
        rates.charge(who, 1.0)


async def test_keys_do_not_pay_for_each_other():
    async with House.open(NOW, rate_limit=4.0) as house:
        rates, other = house.services.rates, await house.workspace("other")
        rates.spend(await house.who(), 100.0)
        rates.charge(await house.who(other), 4.0)


async def test_without_a_limit_nothing_is_counted():
    async with House.open(NOW, rate_limit=0.0) as house:
        who = await house.who()
        for _ in range(1_000):
            house.services.rates.charge(who, 100.0)
        assert house.services.rates.allowance(who) is None


async def test_only_so_many_buckets_are_kept_and_those_in_use_first(monkeypatch):
    monkeypatch.setattr("horarium.service.rates.KEPT", 2)
    async with House.open(NOW, rate_limit=4.0) as house:
        rates, first = house.services.rates, await house.who()
        rates.spend(first, 100.0)
        for slug in ("a", "b", "c"):
            rates.charge(await house.who(await house.workspace(slug)), 0.0)
        with pytest.raises(RateLimited):
            rates.charge(first, 1.0)
        house.clock.now += 24_500  # some units are left to it, which is no debt and less than it may have
        rates.charge(await house.who(await house.workspace("d")), 0.0)
        assert rates.allowance(first).left == 2.0


async def test_of_buckets_that_are_too_many_those_go_that_are_full_again_by_now(monkeypatch):
    monkeypatch.setattr("horarium.service.rates.KEPT", 2)
    async with House.open(NOW, rate_limit=4.0) as house:
        rates, first = house.services.rates, await house.who()
        second = await house.who(await house.workspace("second"))
        rates.spend(second, 4.0)
        house.clock.now += 500
        rates.spend(first, 100.0)
        house.clock.now += 500
        rates.charge(await house.who(await house.workspace("third")), 0.0)
        assert rates.allowance(first).left == -94.0  # the other one has all its units back and went
        assert len(rates._allowances) == 2


@pytest.mark.parametrize("limit", [0.1, 0.5, 4.0])
async def test_whoever_waits_as_long_as_told_is_let_in_and_not_much_sooner(limit):
    async with House.open(NOW, rate_limit=limit) as house:
        who, rates = await house.who(), house.services.rates
        rates.spend(who, max(limit, 1.0) + 1.0)
        with pytest.raises(RateLimited) as caught:
            rates.charge(who, 1.0)
        house.clock.now += caught.value.retry_after_ms - 2
        with pytest.raises(RateLimited):
            rates.charge(who, 1.0)
        house.clock.now += 2
        rates.charge(who, 1.0)


@pytest.mark.parametrize(
    ("limit", "left", "policy", "told"),
    [
        (4.0, 4.0, 4, (4, 0)),
        (4.0, 3.9, 4, (3, 1)),
        (4.0, 0.0, 4, (0, 1)),
        (4.0, -0.1, 4, (0, 2)),
        (4.0, -4.0, 4, (0, 2)),
        (0.5, 0.0, 1, (0, 2)),
        (0.5, 1.0, 1, (1, 0)),
    ],
)
def test_a_caller_is_told_what_is_left_and_in_how_many_seconds_all_of_it_is_back(limit, left, policy, told):
    rest, until = told
    assert Allowance(limit, left, 0).headers() == [
        (b"ratelimit-policy", b'"key";q=%d;w=1' % policy),
        (b"ratelimit", b'"key";r=%d;t=%d' % (rest, until)),
    ]


@pytest.mark.parametrize(
    ("after_ms", "left"), [(-1_000, 1.0), (0, 1.0), (500, 3.0), (750, 4.0), (5_000, 4.0)]
)
def test_a_bucket_fills_with_time_and_not_beyond_what_a_second_gives(after_ms, left):
    bucket = Allowance(4.0, 1.0, 10_000)
    bucket.refill(10_000 + after_ms)
    assert (bucket.left, bucket.at_ms) == (left, 10_000 + after_ms)


async def test_what_a_request_finds_and_fires_is_paid_by_the_key_that_asks():
    async with House.open(NOW, rate_limit=100.0) as house:
        who, rates, services = await house.who(), house.services.rates, house.services
        target, now, hour = await house.target("tool"), house.clock.now, 3_600_000
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", Timing("0 * * * *"), target.id)
        made = await services.schedules.create(draft)
        paid = []
        for asking in (
            services.schedules.slots_to_backfill(who, made.id, now - 2 * hour, now),
            services.schedules.backfill(who, made.id, now - 2 * hour, now),
            services.actions.try_out(who, ActionKind.PAUSE, {}),
        ):
            before = rates.allowance(who).left
            await asking
            paid.append(round(before - rates.allowance(who).left, 3))
        assert paid == [0.3, 3.3, 1.0]


async def test_a_backfill_in_several_pieces_costs_as_much_as_in_one(monkeypatch):
    paid = []
    for together in (200, 2):
        monkeypatch.setattr(schedules, "BACKFILL_BATCH", together)
        async with House.open(NOW, rate_limit=100.0) as house:
            who, rates, services = await house.who(), house.services.rates, house.services
            target, now, hour = await house.target("tool"), house.clock.now, 3_600_000
            draft = ScheduleDraft(who.workspace_id, who.principal_id, "s", Timing("0 * * * *"), target.id)
            made = await services.schedules.create(draft)
            assert len(await services.schedules.backfill(who, made.id, now - 4 * hour, now)) == 5
            paid.append(round(100.0 - rates.allowance(who).left, 3))
    assert paid == [5.5, 5.5]
