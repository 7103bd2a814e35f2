"""The life of targets, and what strangers cannot do to them."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
import pytest

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unavailable
from horarium.domain.ids import prefixed, random_id
from horarium.domain.listings import TargetListing
from horarium.domain.restrictions import Restriction
from horarium.domain.schedule import Definition, Policies
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.tenancy import Identity
from horarium.executors.signing import public_keys
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import (
    EXTRA_LIMIT,
    LONGEST_OVERLAP_MS,
    NO_EXECUTOR,
    REMEMBERED_MS,
    SIGNING,
    TargetDraft,
    _edited,
    draft_of,
    end_of_overlap,
)
from horarium.store.verbs import targets as verbs
from horarium.times import Timing
from horarium.times.instants import utc_text
from tests.executors.calls import call_of
from tests.support.house import House
from tests.support.interleaved import in_between

NOW = "2026-03-01T12:00:00Z"
URL = "https://example.com/hook"
POLL = {"state": "status.phase", "succeeded": ["Succeeded"], "failed": ["Failed"]}
DRAFT = TargetDraft(TargetKind.TOOL, "Tool", "http", {"url": URL})


def attempts(house: House, who: Identity, target: Target) -> dict[str, Any]:
    """Everything that changes a target."""
    service = house.services.targets
    return {
        "replace": service.replace(who, target.id, DRAFT),
        "change": service.change(who, target.id, lambda before: replace(draft_of(before), name="Mine")),
        "disable": service.set_enabled(who, target.id, False),
        "rotate": service.rotate_signing_secret(who, target.id),
        "delete": service.delete(who, target.id),
    }


async def test_another_workspace_does_not_find_a_target_and_leaves_it_as_it_was() -> None:
    async with House.open(NOW) as house:
        target = await house.target("tool", key="nightly")
        other = await house.workspace("other")
        stranger, service = await house.who(other), house.services.targets
        for attempt in attempts(house, stranger, target).values():
            with pytest.raises(NotFound):
                await attempt
        for reference in ("nightly", str(target.number)):
            with pytest.raises(NotFound):
                await service.get(stranger, reference)
            with pytest.raises(NotFound):
                await service.resolve(other.workspace_id, reference)
        assert (await service.list(stranger, TargetListing(other.workspace_id, 10))).items == []
        assert await service.count(TargetListing(other.workspace_id, 10)) == 0
        assert await service.named(other.workspace_id, [target.id]) == {}
        assert await service.get(await house.who(), "nightly") == target


async def test_changing_a_target_needs_the_scope_for_it() -> None:
    async with House.open(NOW) as house:
        target, service = await house.target("tool", key="nightly"), house.services.targets
        weak = await house.services.identities.resolve(await house.key_with("targets:read"))
        assert await service.get(weak, "nightly") == target
        for attempt in (
            service.create(weak, DRAFT),
            service.put(weak, "new", DRAFT),
            *attempts(house, weak, target).values(),
        ):
            with pytest.raises(Forbidden):
                await attempt
        blind = await house.services.identities.resolve(await house.key_with("targets:write"))
        for attempt in (
            service.get(blind, "nightly"),
            service.list(blind, TargetListing(blind.workspace_id, 10)),
        ):
            with pytest.raises(Forbidden):
                await attempt
        assert await service.get(weak, "nightly") == target


async def test_a_target_is_found_by_id_key_and_number() -> None:
    async with House.open(NOW) as house:
        target, service = await house.target("tool", key="nightly"), house.services.targets
        for reference in ("nightly", str(target.number), target.number):
            assert await service.resolve(house.first.workspace_id, reference) == target
        with pytest.raises(NotFound):
            await service.resolve(house.first.workspace_id, "nightly", kinds=["agent"])
        assert await service.resolve(house.first.workspace_id, "nightly", kinds=["agent", "tool"]) == target


async def test_what_was_found_is_forgotten_with_a_change_here_and_in_time_with_one_elsewhere() -> None:
    async with House.open(NOW) as house:
        target, service = await house.target("tool", key="nightly"), house.services.targets
        workspace = house.first.workspace_id
        await service.resolve(workspace, "nightly")
        await service.set_enabled(await house.who(), target.id, False)
        assert (await service.resolve(workspace, "nightly")).state is TargetState.DISABLED
        house.store.connection.execute("UPDATE targets SET name = 'Elsewhere'")
        assert (await service.resolve(workspace, "nightly")).name == "Tool"
        house.clock.now += REMEMBERED_MS
        assert (await service.resolve(workspace, "nightly")).name == "Elsewhere"


@pytest.mark.parametrize(("given", "kept"), [(None, "mine"), ("other", "other")])
async def test_a_target_that_is_replaced_keeps_its_key_where_the_draft_names_none(
    given: str | None, kept: str
) -> None:
    async with House.open(NOW) as house:
        target = await house.target("tool", config={"url": URL}, key="mine")
        replaced = await house.services.targets.replace(
            await house.who(), target.id, replace(DRAFT, key=given)
        )
        assert replaced.key == kept


async def test_secrets_are_kept_by_stars_as_long_as_the_executor_is_the_same() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        target = await house.target("tool", config={"url": URL, "secrets": {"TOKEN": "s3cret"}})
        assert "s3cret" not in str(target.config)
        stars = {"url": URL + "2", "secrets": {"TOKEN": "***"}}
        changed = await service.replace(who, target.id, replace(DRAFT, config=stars))
        assert service.config_of(changed)["secrets"] == {"TOKEN": "s3cret"}
        assert service.config_of(changed)["url"] == URL + "2"
        assert (
            changed.sealed
            == (
                await service.change(who, target.id, lambda before: replace(draft_of(before), name="x"))
            ).sealed
        )
        gone = await service.replace(who, target.id, DRAFT)
        assert "secrets" not in service.config_of(gone)


async def test_a_replaced_target_keeps_its_key_and_gets_the_defaults_of_all_else() -> None:
    async with House.open(NOW) as house:
        target = await house.target(
            "tool", key="nightly", description="d", timeout_ms=5_000, max_concurrency=3
        )
        changed = await house.services.targets.replace(await house.who(), target.id, DRAFT)
        assert (changed.key, changed.version) == ("nightly", 2)
        assert (changed.description, changed.timeout_ms, changed.max_concurrency) == (None, 30_000, None)


async def test_put_creates_once_and_then_replaces() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        first, new = await service.put(who, "nightly", DRAFT)
        assert new
        assert first.signing_secret is not None
        again, new = await service.put(who, "nightly", replace(DRAFT, name="Other"))
        assert (again.target.id, again.target.name, new, again.signing_secret) == (
            first.target.id,
            "Other",
            False,
            None,
        )
        assert (await service.put(who, "weekly", DRAFT))[1]


async def test_a_target_without_an_executor_stays_disabled_until_it_gets_one() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        draft = replace(DRAFT, executor=NO_EXECUTOR, config={}, enabled=False)
        kept = (await service.create(who, draft)).target
        assert (kept.state, kept.state_reason) == (TargetState.DISABLED, "it has no executor yet")
        with pytest.raises(Invalid):
            await service.create(who, replace(draft, enabled=True))
        with pytest.raises(Invalid):
            await service.change(who, kept.id, lambda before: replace(draft_of(before), enabled=True))
        with pytest.raises(Conflict, match="it has no executor yet, so it cannot be switched on"):
            await service.set_enabled(who, kept.id, True)
        assert (await service.set_enabled(who, kept.id, False, "for another reason")) == kept
        put_away = await service.create(who, replace(draft, archived=True))
        with pytest.raises(Conflict, match="it has no executor yet, so it cannot be switched on"):
            await service.set_enabled(who, put_away.target.id, True)
        able = await service.replace(who, kept.id, DRAFT)
        assert (able.state, able.state_reason) == (TargetState.ENABLED, None)


async def test_switching_to_the_same_state_changes_nothing() -> None:
    async with House.open(NOW) as house:
        service, who, target = house.services.targets, await house.who(), await house.target("tool")
        off = await service.set_enabled(who, target.id, False, "broken")
        assert (off.state_reason, off.version) == ("broken", 2)
        assert await service.set_enabled(who, target.id, False, "again") == off
        on = await service.set_enabled(who, target.id, True)
        assert (on.state, on.state_reason) == (TargetState.ENABLED, None)


def ended(house: House, secret: str | None) -> str:
    """An old secret, which goes on signing for a day."""
    return f"{secret};until={utc_text(house.clock.now // 1000 + 86_400)}"


async def test_a_signing_secret_is_rotated_and_the_old_one_kept_once() -> None:
    async with House.open(NOW) as house:
        service, who, target = house.services.targets, await house.who(), await house.target("tool")
        first = service.secrets_of(target)[SIGNING]
        second = await service.rotate_signing_secret(who, target.id)
        assert service.secrets_of(second.target)[SIGNING] == [second.signing_secret, ended(house, first)]
        third = await service.rotate_signing_secret(who, target.id)
        old = ended(house, second.signing_secret)
        assert service.secrets_of(third.target)[SIGNING] == [third.signing_secret, old]
        alone = await service.rotate_signing_secret(who, target.id, overlap_ms=None)
        assert service.secrets_of(alone.target)[SIGNING] == [alone.signing_secret]


async def test_a_target_that_schedules_need_is_not_deleted() -> None:
    async with House.open(NOW) as house:
        service, who, target = house.services.targets, await house.who(), await house.target("tool")
        draft = ScheduleDraft(who.workspace_id, who.principal_id, "nightly", Timing("0 9 * * *"), target.id)
        schedule = await house.services.schedules.create(draft)
        with pytest.raises(Conflict, match="nightly") as caught:
            await service.delete(who, target.id)
        assert caught.value.reason == "in_use"
        await house.services.schedules.delete(who.workspace_id, schedule.id)
        await service.delete(who, target.id)
        with pytest.raises(NotFound):
            await service.get(who, str(target.number))
        assert (await service.named(who.workspace_id, [target.id]))[target.id].name == "Tool"


async def test_an_edit_of_an_outdated_version_is_refused() -> None:
    async with House.open(NOW) as house:
        service, who, target = house.services.targets, await house.who(), await house.target("tool")
        await service.replace(who, target.id, replace(DRAFT, name="One"), version=1)
        for attempt in (
            service.replace(who, target.id, replace(DRAFT, name="Two"), version=1),
            service.delete(who, target.id, version=1),
        ):
            with pytest.raises(Conflict) as caught:
                await attempt
            assert caught.value.reason == "version"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": " "}, ["name"]),
        ({"key": "7"}, ["key"]),
        ({"timeout_ms": 0}, ["timeout"]),
        ({"deadline_ms": 999}, ["deadline"]),
        ({"max_concurrency": 0}, ["max_concurrency"]),
        ({"rate_per_second": 0.0}, ["rate_per_second"]),
        ({"input_schema": {"type": "nonsense"}}, ["input_schema.type"]),
        ({"executor": "teleport"}, ["executor.type"]),
        ({"config": {"url": "nowhere"}}, ["executor.url"]),
        ({"name": "", "config": {}}, ["name", "executor.url"]),
    ],
)
async def test_everything_that_is_wrong_with_a_draft_is_named(
    change: dict[str, Any], fields: list[str]
) -> None:
    async with House.open(NOW) as house:
        with pytest.raises(Invalid) as caught:
            await house.services.targets.create(await house.who(), replace(DRAFT, **change))
        assert [problem.field for problem in caught.value.problems] == fields


@pytest.mark.parametrize(
    ("number", "below", "least", "most", "above"),
    [
        ("timeout_ms", 0, 1, 86_400_000, 86_400_001),
        ("deadline_ms", 999, 1_000, 30 * 86_400_000, 30 * 86_400_000 + 1),
        ("max_concurrency", 0, 1, 1_000_000, 1_000_001),
        ("rate_per_second", 0.000_099, 0.0001, 1_000_000.0, 1_000_000.1),
    ],
)
async def test_a_number_of_a_target_may_be_what_its_bounds_say_and_nothing_beyond_them(
    number: str, below: float, least: float, most: float, above: float
) -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        for value in (below, above):
            with pytest.raises(Invalid) as caught:
                await service.create(who, replace(DRAFT, **{number: value}))
            assert [problem.field for problem in caught.value.problems] == [number.removesuffix("_ms")]
        for value in (least, most):
            made = (await service.create(who, replace(DRAFT, **{number: value}))).target
            assert getattr(await service.get(who, prefixed("tgt", made.id)), number) == value


async def test_who_puts_a_key_just_after_somebody_else_has_made_it_replaces_it(monkeypatch) -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        made = partial(service.put, who, "nightly", replace(DRAFT, name="First"))
        in_between(monkeypatch, house.store, verbs.target_with_key, made)
        second, new = await service.put(who, "nightly", replace(DRAFT, name="Second"))
        assert (second.target.name, second.target.version, new) == ("Second", 2, False)


async def test_an_input_is_checked_by_the_schema_of_its_target() -> None:
    async with House.open(NOW) as house:
        service = house.services.targets
        free = await house.target("tool")
        strict = await house.target("tool", input_schema={"type": "object", "required": ["n"]})
        assert service.check_input(free, "anything") == []
        assert service.check_input(strict, {"n": 1}) == []
        assert [problem.field for problem in service.check_input(strict, {}, "body.input")] == ["body.input"]


async def test_only_an_input_that_stays_at_its_target_is_let_through_as_it_was() -> None:
    async with House.open(NOW) as house:
        service = house.services.targets
        strict = await house.target("tool", input_schema={"type": "object", "required": ["n"]})
        for target_id, value, refused in (
            (strict.id, {}, False),
            (strict.id, {"m": 1}, True),
            (strict.id, None, True),
            (random_id(0), {}, True),
        ):
            before = Definition(Timing("* * * * *"), Policies(), target_id, {})
            assert bool(service.check_input(strict, value, before=before)) is refused


async def test_a_private_signing_key_that_a_caller_brings_is_never_shown_and_its_public_one_is() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        private = "whsk_" + b64encode(bytes(range(32))).decode()
        draft = replace(DRAFT, config={"url": URL, SIGNING: private})
        (public,) = public_keys(private)
        made = await service.create(who, draft)
        assert (made.signing_secret, made.verification_key) == (None, public)
        put, _ = await service.put(who, "nightly", draft)
        assert put.signing_secret is None
        plain = (await service.create(who, DRAFT)).target
        changed = await service.edit(who, plain.id, lambda before: draft)
        assert changed.signing_secret is None
        assert service.secrets_of(changed.target)[SIGNING] == private


async def test_only_a_target_whose_configuration_says_how_can_be_watched() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        watched = replace(DRAFT, completion=Completion.WATCH)
        with pytest.raises(Invalid) as caught:
            await service.create(who, watched)
        assert [problem.field for problem in caught.value.problems] == ["completion"]
        poll = {**POLL, "url": URL + "/{{ run.id }}"}
        made = await service.create(who, replace(watched, config={"url": URL, "poll": poll}))
        assert made.target.completion is Completion.WATCH
        with pytest.raises(Invalid) as caught:  # what is wrong with the executor is said, and nothing besides
            await service.create(who, replace(watched, config={"url": "no url", "poll": poll}))
        assert not [problem for problem in caught.value.problems if problem.field == "completion"]
        with pytest.raises(Invalid):
            await service.create(who, replace(watched, executor="echo", config={}))


async def test_the_maker_of_a_target_may_schedule_it() -> None:
    async with House.open(NOW) as house:
        tenancy, who = house.services.tenancy, await house.who()
        bob = await tenancy.create_principal(who, "Bob")
        key = await tenancy.create_key(who, "bob", ["targets:write"], bob.id)
        identity = await house.services.identities.resolve(key.text)
        made = (await house.services.targets.create(identity, DRAFT)).target
        assert (await house.services.identities.resolve(key.text)).may_schedule(made.id)
        assert not (await house.services.identities.resolve(key.text)).may_schedule(
            (await house.target("tool")).id
        )


async def test_what_is_kept_with_a_target_is_bounded_also_when_it_grows_by_parts() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        part = "x" * (EXTRA_LIMIT // 2)
        made = (await service.create(who, replace(DRAFT, extra={"a": part}))).target
        with pytest.raises(Invalid) as caught:
            await service.change(
                who, made.id, lambda before: replace(draft_of(before), extra={**before.extra, "b": part})
            )
        assert [problem.field for problem in caught.value.problems] == ["extra"]


@pytest.mark.parametrize(
    ("executor", "config", "field"),
    [
        ("http", {"url": URL}, "executor.url"),
        ("http", {"url": "https://example.com/{{ input.path }}"}, "executor.url"),
        ("llm", {"model": "m", "base_url": "https://example.com/v1"}, "executor.base_url"),
    ],
)
async def test_a_target_at_a_host_that_the_workspace_may_not_reach_is_refused(
    executor: str, config: dict[str, Any], field: str
) -> None:
    async with House.open(NOW) as house:
        who, service = await house.who(), house.services.targets
        made = await service.create(who, replace(DRAFT, executor=executor, config=config))
        await house.services.tenancy.update_workspace(
            who, who.workspace_id, allowed_hosts=["api.example.com"]
        )
        for attempt in (
            service.create(who, replace(DRAFT, executor=executor, config=config)),
            service.change(who, made.target.id, lambda before: replace(draft_of(before), config=config)),
        ):
            with pytest.raises(Invalid) as caught:
                await attempt
            (problem,) = caught.value.problems
            assert problem.field == field
            assert "allowed_hosts" in problem.message
        await house.services.tenancy.update_workspace(who, who.workspace_id, allowed_hosts=["example.com"])
        await service.create(who, replace(DRAFT, executor=executor, config=config))


async def test_a_host_from_a_placeholder_is_judged_when_the_request_is_sent() -> None:
    async with House.open(NOW) as house:
        who = await house.who()
        await house.services.tenancy.update_workspace(
            who, who.workspace_id, allowed_hosts=["api.example.com"]
        )
        draft = replace(DRAFT, config={"url": "https://{{ input.host }}/hook"})
        made = await house.services.targets.create(who, draft)
        secrets = house.services.targets.secrets_of(made.target)
        given = {"host": "example.com"}
        call = call_of(made.target.config, secrets, workspace_id=who.workspace_id, input=given)
        outcome = await house.services.executors["http"].execute(call)
        assert outcome.error == (
            "refused: example.com is not among the hosts that this workspace may reach (allowed_hosts)"
        )


async def test_the_slow_encoder_writes_nothing_large_when_a_target_is_made_or_changed(monkeypatch):
    """In a transaction nothing gives way to others, and one call of it for the largest extra takes 70 ms. Whatever uses
    `json` to write comes through `iterencode` or `encode`."""
    written = []
    encode, iterencode = json.JSONEncoder.encode, json.JSONEncoder.iterencode

    def noted(encoder, value):
        written.append(encode(encoder, value))
        return written[-1]

    def noted_in_parts(encoder, value, **more):
        parts = list(iterencode(encoder, value, **more))
        written.append("".join(parts))
        return parts

    large = {f"name {n}": n for n in range(50_000)}
    assert len(orjson.dumps(large)) < EXTRA_LIMIT
    async with House.open(NOW) as house:
        who, targets = await house.who(), house.services.targets
        monkeypatch.setattr(json.JSONEncoder, "encode", noted)
        monkeypatch.setattr(json.JSONEncoder, "iterencode", noted_in_parts)
        assert json.dumps([1]) == "[1]"
        assert written.pop() == "[1]"
        draft = replace(DRAFT, extra=large, input_schema={"examples": [*range(10_000)]})
        made = (await targets.create(who, draft)).target
        for extra in ({**large, "number": 1}, {}):
            edit = partial(replace, draft_of(made), extra=extra, description="changed")
            await targets.change(who, made.id, lambda _, edit=edit: edit())
    assert max(map(len, written), default=0) < 1_000


async def test_a_target_that_changes_while_it_is_looked_up_is_not_remembered(monkeypatch):
    async with House.open(NOW) as house:
        targets, who = house.services.targets, await house.who()
        made = await house.target("workflow", key="w")
        read = house.store.read

        async def read_and_then_rename(verb, *args):
            found = await read(verb, *args)
            if verb is verbs.resolve_target and found.name != "Renamed":
                await targets.change(who, made.id, lambda before: replace(draft_of(before), name="Renamed"))
            return found

        monkeypatch.setattr(house.store, "read", read_and_then_rename)
        assert (await targets.resolve(who.workspace_id, "w")).name == made.name
        assert (await targets.resolve(who.workspace_id, "w")).name == "Renamed"


async def test_a_key_for_some_targets_makes_no_other() -> None:
    async with House.open(NOW) as house:
        made = await house.target("tool")
        for restriction in (Restriction((made.id,)), Restriction(labels={"team": "a"})):
            who = replace(await house.who(), restriction=restriction)
            with pytest.raises(Forbidden):
                await house.services.targets.create(who, DRAFT)
        near = replace(await house.who(), restriction=Restriction(networks=("10.0.0.0/8",)))
        await house.services.targets.create(near, DRAFT)


@pytest.mark.parametrize(
    ("overlap_ms", "end"),
    [(None, None), (0, 1_000), (LONGEST_OVERLAP_MS, 1_000 + LONGEST_OVERLAP_MS), (LONGEST_OVERLAP_MS + 1, "refused")],
)  # fmt: skip
def test_an_old_signing_secret_signs_for_at_most_thirty_days(overlap_ms: int | None, end: Any) -> None:
    if end == "refused":
        with pytest.raises(Invalid):
            end_of_overlap(1_000, overlap_ms)
    else:
        assert end_of_overlap(1_000, overlap_ms) == end


class Table:
    """An executor of tables and environments that has something against everything."""

    def __init__(self, code: str = "invalid", field: str = "a") -> None:
        self._found = [Problem(field, "no", code)]

    async def check_operation(self, *_: Any) -> list[Problem]:
        return self._found

    def check_environment(self, *_: Any) -> list[Problem]:
        return self._found


@pytest.mark.parametrize(("field", "named"), [("a", "body.a"), ("", "body")])
async def test_an_executor_judges_writes_and_environments_of_its_own_targets_and_of_no_mirror(
    field: str, named: str
) -> None:
    async with House.open(NOW) as house:
        service, target = house.services.targets, await house.target("tool")
        service.executors = {**service.executors, "http": Table(field=field)}  # type: ignore[dict-item]
        mirror = replace(target, shared_from=random_id(0))
        unknown = replace(target, executor=NO_EXECUTOR)
        assert [each.field for each in await service.check_write(target, {}, "body")] == [named]
        assert [each.field for each in service.check_environment(target, {"A": "b"}, "body")] == [named]
        for other in (mirror, unknown, replace(target, executor="echo")):
            assert await service.check_write(other, {}, "body") == []
            assert service.check_environment(other, {"A": "b"}, "body") == []
        assert service.check_environment(target, {}, "body") == []


async def test_a_table_that_is_out_of_reach_makes_no_write_wrong() -> None:
    async with House.open(NOW) as house:
        service, target = house.services.targets, await house.target("tool")
        service.executors = {**service.executors, "http": Table("unavailable")}  # type: ignore[dict-item]
        with pytest.raises(Unavailable, match="cannot be looked at now"):
            await service.check_write(target, {}, "body")


ON, OFF, ARCHIVED = TargetState.ENABLED, TargetState.DISABLED, TargetState.ARCHIVED


@pytest.mark.parametrize(
    ("before", "draft", "after"),
    [
        ((ON, None), {"enabled": True}, (ON, None)),
        ((ON, None), {"enabled": False}, (OFF, None)),
        ((ON, None), {"enabled": False, "off_reason": "new"}, (OFF, "new")),
        ((ON, None), {"enabled": False, "archived": True}, (ARCHIVED, None)),
        ((OFF, "old"), {"enabled": True, "off_reason": "new"}, (ON, None)),
        ((OFF, "old"), {"enabled": False}, (OFF, "old")),
        ((OFF, "old"), {"enabled": False, "off_reason": "new"}, (OFF, "new")),
        ((OFF, "old"), {"enabled": False, "archived": True}, (ARCHIVED, None)),
        ((OFF, "old"), {"enabled": False, "archived": False}, (OFF, "old")),
        ((ARCHIVED, "old"), {"enabled": False}, (ARCHIVED, "old")),
        ((ARCHIVED, "old"), {"enabled": False, "archived": False}, (OFF, None)),
        ((ARCHIVED, "old"), {"enabled": True, "archived": True}, (ON, None)),
    ],
)
def test_an_edit_keeps_what_it_does_not_say_of_a_state_and_drops_the_reason_of_another(
    before: tuple[TargetState, str | None], draft: dict[str, Any], after: tuple[TargetState, str | None]
) -> None:
    target = Target(random_id(0), random_id(0), TargetKind.TOOL, "Tool", "http", {}, random_id(0), 0, 0)
    edited = _edited(replace(target, state=before[0], state_reason=before[1]), replace(DRAFT, **draft))
    assert (edited.state, edited.state_reason) == after


async def test_a_target_that_is_off_stays_as_it_is_when_it_is_switched_off_and_says_why_by_default() -> None:
    async with House.open(NOW) as house:
        service, who = house.services.targets, await house.who()
        archived = (await service.create(who, replace(DRAFT, enabled=False, archived=True))).target
        assert await service.set_enabled(who, archived.id, False, "again") == archived
        target = await house.target("tool")
        assert (await service.set_enabled(who, target.id, False)).state_reason == "disabled by request"
        on = await service.set_enabled(who, target.id, True)
        assert await service.set_enabled(who, target.id, True) == on
