"""What use cases bound: one below a bound and at it something is taken, and one above it is refused or forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from horarium.domain.audit import REFUSED, Actor
from horarium.domain.errors import Forbidden, Invalid, Unavailable
from horarium.domain.events import EventFilter
from horarium.domain.ids import random_id
from horarium.domain.listings import AuditListing
from horarium.domain.restrictions import Restriction
from horarium.domain.target import TargetKind
from horarium.service import audit, identity, readiness, targets, tenancy, webhooks
from horarium.service.audit import (
    DAY_MS,
    LONGEST_REASON,
    MOST_REASONS,
    OTHER_REASONS,
    REPEATED_MS,
    AuditService,
)
from horarium.service.identity import IdentityService
from horarium.service.targets import EXTRA_LIMIT, TargetDraft, _draft_problems
from horarium.service.tenancy import (
    _email_problems,
    _expiry_problems,
    _restriction_problems,
    _settings_problems,
    _slug_of,
    _slug_problems,
)
from horarium.service.trail import act_as
from tests.support.callers import caller
from tests.support.house import HandClock, House

NOW = "2026-03-01T12:00:00Z"
NOON = 1_772_366_400_000
IDS = [random_id(NOON) for _ in range(101)]
DRAFT = TargetDraft(TargetKind.TOOL, "Tool", "echo", {})
# The bytes of an extra that has one text, beside the text.
AROUND = len(orjson.dumps({"a": ""}))


def networks(count: int) -> Restriction:
    return Restriction(networks=tuple(f"10.0.{n}.0/24" for n in range(count)))


@pytest.mark.parametrize(
    ("problems", "most", "field"),
    [
        (lambda n: webhooks.filter_problems(EventFilter(types=("fire.*",) * n)), 100, "types"),
        (lambda n: webhooks.filter_problems(EventFilter(labels={str(x): "" for x in range(n)})), 100, "labels"),
        (lambda n: webhooks.filter_problems(EventFilter(schedules=tuple(IDS[:n]))), 100, "schedules"),
        (lambda n: _restriction_problems(Restriction(tuple(IDS[:n])), ()), 100, "targets"),
        (lambda n: _restriction_problems(networks(n), ()), 100, "networks"),
        (lambda n: _email_problems("@".rjust(n - 1, "a") + "b"), 320, "email"),
        (lambda n: _slug_problems("a" * n), 63, "slug"),
        (lambda n: _draft_problems(replace(DRAFT, extra={"a": "x" * (n - AROUND)})), EXTRA_LIMIT, "extra"),
    ],
)  # fmt: skip
def test_what_a_caller_sends_may_be_as_large_as_its_bound_and_no_larger(
    problems: Callable[[int], Any], most: int, field: str
) -> None:
    assert [list(problems(number)) for number in (most - 1, most)] == [[], []]
    assert [problem.field for problem in problems(most + 1)] == [field]


@pytest.mark.parametrize("callers_end", [NOON + 9, None])
@pytest.mark.parametrize(
    ("end", "is_good"), [(-1, False), (0, False), (1, True), (8, True), (9, True), (10, None)]
)
def test_a_key_ends_in_the_future_and_not_after_the_key_that_makes_it(
    callers_end: int | None, end: int, is_good: bool | None
) -> None:
    who = replace(caller(IDS[0], IDS[0]), key_expires_ms=callers_end)
    found = [problem.field for problem in _expiry_problems(who, NOON + end, NOON)]
    good = callers_end is None if is_good is None else is_good
    assert found == ([] if good else ["expires_at"])


def test_of_many_settings_that_are_unknown_one_problem_is_told() -> None:
    names = {f"s{number}": 1 for number in range(tenancy.MOST_SETTINGS)}
    assert len(list(_settings_problems(names))) == tenancy.MOST_SETTINGS
    assert [problem.field for problem in _settings_problems({**names, "one more": 1})] == ["settings"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme, Inc.", "acme-inc"), ("--a--b--", "a-b"), ("a" * 70, "a" * 63), ("a" * 62 + " b", "a" * 62), ("!", "")],
)  # fmt: skip
def test_a_slug_is_what_is_left_of_the_name_and_does_not_end_with_a_hyphen(name: str, slug: str) -> None:
    assert _slug_of(name) == slug


async def test_the_address_of_a_webhook_is_at_most_2000_characters_long() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.webhooks, await house.who()
        url = "https://example.com/".ljust(2_000, "x")
        made = (await service.create(who, url, None, EventFilter())).webhook
        assert (made.url, made.name) == (url, url[:200])
        with pytest.raises(Invalid) as caught:
            await service.create(who, url + "x", None, EventFilter())
        assert [(problem.field, problem.code) for problem in caught.value.problems] == [("url", "too_long")]


async def test_a_key_of_a_workspace_finds_its_own_before_an_id_and_not_after_it() -> None:
    async with House.open(NOW) as house:
        own = replace(await house.who(), scopes=frozenset({"*"}))
        for after, found in ((bytes(16), 1), (own.workspace_id, 0)):
            page = await house.services.tenancy.list_workspaces(own, after, 5)
            assert (len(page.items), page.next) == (found, None)


async def test_targets_and_identities_are_remembered_up_to_a_number_and_then_all_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(targets, "REMEMBERED", 2)
    monkeypatch.setattr(identity, "REMEMBERED_KEYS", 2)
    async with House.open(NOW) as house:
        who, service = await house.who(), house.services.targets
        keys = [await house.key_with("runs:read") for _ in range(3)]
        identities = IdentityService(house.store, house.clock)
        known = []
        for number, key in enumerate(keys):
            await house.target("tool", key=f"t{number}")
            await identities.resolve(key)
        for number, key in enumerate(keys):
            await service.resolve(who.workspace_id, f"t{number}")
            identities.forget() if number == 0 else None
            await identities.resolve(key)
            known.append((len(service._known), len(identities._known)))
        assert known == [(1, 1), (2, 2), (1, 1)]


async def refusals(*given: tuple[int, str]) -> list[tuple[str, int]]:
    """What is written of refusals of a key, each some milliseconds after the first one and for a reason."""
    async with House.open(NOW) as house:
        who = await house.who()
        service = AuditService(house.store, house.clock)
        begun = house.clock.now
        act_as(Actor(who.principal_id, who.key_id))
        try:
            for after_ms, reason in given:
                house.clock.now = begun + after_ms
                await service.refused(who.workspace_id, Forbidden(reason))
        finally:
            act_as(Actor())
        await service.refused(who.workspace_id, Forbidden("nobody's"))
        noted = (await service.page(who, AuditListing(who.workspace_id, 99, action="refused"))).items
        said = [orjson.loads(each.content or "") for each in reversed(noted)]
        return [(each["reason"], each["repeated"]) for each in said]


async def test_of_refusals_for_one_reason_one_a_minute_is_written_and_tells_how_many_there_were() -> None:
    times = (0, 1, REPEATED_MS - 1, REPEATED_MS, REPEATED_MS + 1)
    told = await refusals(*((after_ms, "no") for after_ms in times), (REPEATED_MS + 1, "a"))
    assert told == [("no", 0), ("no", 2), ("a", 0)]


async def test_of_one_key_few_reasons_are_told_apart_since_a_caller_may_vary_them() -> None:
    many = [f"no {number}" for number in range(MOST_REASONS + 5)]
    told = await refusals(
        *((0, reason) for reason in many),
        (1, "no 0"),
        *((REPEATED_MS, reason) for reason in ("no 24", "no 0")),
    )
    first = [(reason, 0) for reason in many[:MOST_REASONS]]
    assert told == [*first, (OTHER_REASONS, 0), ("no 24", 0), ("no 0", 0)]
    ((reason, _),) = await refusals((0, "x" * 5_000))
    assert reason == "x" * LONGEST_REASON


async def test_refusals_of_few_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_KEYS", 2)
    async with House.open(NOW) as house:
        who = await house.who()
        service = AuditService(house.store, house.clock)
        known = []
        try:
            for _ in range(3):
                act_as(Actor(who.principal_id, random_id(house.clock.now)))
                await service.refused(who.workspace_id, Forbidden("no"))
                known.append(len(service._refusals))
        finally:
            act_as(Actor())
        assert known == [1, 2, 1]


@pytest.mark.parametrize(
    ("ahead_ms", "told"),
    [
        (60_000, None),
        (60_001, "60 seconds"),
        (119_999, "119 seconds"),
        (120_000, "2 minutes"),
        (7_199_999, "119 minutes"),
        (7_200_000, "2 hours"),
        (172_799_999, "47 hours"),
        (172_800_000, "2 days"),
    ],
)
async def test_a_ledger_ahead_of_the_clock_is_told_from_a_minute_on_in_the_unit_that_fits(
    ahead_ms: int, told: str | None
) -> None:
    class Ahead:
        async def read(self, verb: Any) -> Any:
            return {"schema_number": readiness.latest(), "newest_entry_ms": NOON + ahead_ms}.get(
                verb.__name__, True
            )

        async def urgent(self, verb: Any, now: int) -> None:
            assert now == NOON

    store: Any = Ahead()
    reasons = await readiness.Readiness(store, HandClock(NOON)).reasons()
    assert [f"the ledger is {told} ahead of the clock" in reason for reason in reasons] == [True] * bool(told)


@pytest.mark.parametrize(("later_ms", "kept"), [(DAY_MS - 1, True), (DAY_MS, True), (DAY_MS + 1, False)])
async def test_a_chain_is_cut_only_where_a_day_of_it_has_become_too_old(later_ms: int, kept: bool) -> None:
    async with House.open(NOW) as house:
        who, linked = await house.who(), house.clock.now
        await house.target("tool")
        listing = AuditListing(who.workspace_id, 9, action="target.created")
        assert len((await house.services.audit.page(who, listing)).items) == 1
        house.clock.now += 90 * DAY_MS
        await house.services.audit.forget(linked + later_ms)
        assert len((await house.services.audit.page(who, listing)).items) == kept


async def test_a_proof_ends_with_the_link_that_was_the_last_when_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever reads it meanwhile is told of no link of which the proof does not know."""
    monkeypatch.setattr(audit, "LINKS_AT_ONCE", 2)
    async with House.open(NOW) as house:
        who, log, seen = await house.who(), house.services.audit, []
        for number in range(3):
            await house.target("tool", key=f"t{number}")
            await log.link()
        chain = await log.chain(who)
        for number in range(3, 5):
            await house.target("tool", key=f"t{number}")
            await log.link()
        async for link, entries in log.links(who, chain):
            seen.append(link.number)
            assert entries
        assert seen == list(range(chain.anchor.number + 1, chain.number + 1))
        assert (await log.chain(who)).number == chain.number + 2


@pytest.mark.parametrize("at_once", [1, 2, 1_000])
async def test_what_is_erased_and_deleted_from_the_log_is_the_same_in_however_many_pieces(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    for bound in ("ERASED_AT_ONCE", "LOOKED_AT_ONCE", "FORGOTTEN_AT_ONCE"):
        monkeypatch.setattr(audit, bound, at_once)
    async with House.open(NOW) as house:
        who, log = await house.who(), house.services.audit
        ada = await house.services.tenancy.create_principal(who, "Ada")
        for name in ("a", "b"):
            await house.services.tenancy.create_key(who, name, ["runs:read"], ada.id)
        act_as(Actor(ada.id, who.key_id))
        for key in ("t1", "t2", "t3"):
            await house.target("tool", key=key)
            await log.link()
        act_as(Actor(who.principal_id, who.key_id))
        assert await log.erase(who, ada.id) == 4
        listing = AuditListing(who.workspace_id, 50)
        left = {entry.action for entry in (await log.page(who, listing)).items}
        assert left == {"key.created", "audit.erased"}
        chain = await log.chain(who)
        house.clock.now += 90 * DAY_MS
        await log.forget(house.clock.now - DAY_MS)
        left = {entry.action for entry in (await log.page(who, listing)).items}
        assert left == {"audit.forgotten"}
        assert (await log.chain(who)).anchor.number == chain.number


async def test_one_refused_host_that_cannot_be_written_down_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with House.open(NOW) as house:
        who, log = await house.who(), house.services.audit
        for host in ("a.example", "b.example"):
            log.refused_hosts.note(who.workspace_id, host, "not allowed")
        real, troubles = house.store.write, iter([Unavailable("away")])

        async def write(verb: Any, *given: Any) -> Any:
            for trouble in troubles:
                raise trouble
            return await real(verb, *given)

        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(house.store, "write", write)
            await log.note_refused_hosts()
        assert [line["event"] for line in lines] == ["refusal_not_recorded"]
        listing = AuditListing(who.workspace_id, 9, action=REFUSED)
        assert [entry.subject for entry in (await log.page(who, listing)).items] == ["host:b.example"]


async def test_a_refusal_stands_also_where_it_cannot_be_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async with House.open(NOW) as house:
        who = await house.who()

        async def away(*_: Any) -> None:
            raise Unavailable("the database is away")

        monkeypatch.setattr(house.store, "write", away)
        act_as(Actor(who.principal_id, who.key_id))
        try:
            with capture_logs() as lines:
                await house.services.audit.refused(who.workspace_id, Forbidden("no"))
        finally:
            act_as(Actor())
        assert [(line["event"], line["reason"]) for line in lines] == [("refusal_not_recorded", "no")]
