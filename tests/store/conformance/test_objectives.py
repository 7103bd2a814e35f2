"""Objectives are the runs of one dialect's schedules, with what they came from, within their workspace."""

import itertools

import pytest

from horarium.domain.errors import NotFound
from horarium.domain.execution import Outcome, TimeIsUp, Verdict
from horarium.domain.ids import random_id
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import PHASES
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, ScheduleState
from horarium.domain.target import TargetKind, TargetState
from horarium.domain.tenancy import Principal, PrincipalType
from horarium.store.verbs import objectives, runs, targets, tenancy
from tests.store.conformance.test_callbacks import open_for
from tests.support.tenant import ACCEPTED, FAILED, MINUTE, NOON, SUCCEEDED, TRY_AGAIN, Node, Tenant

NOW = NOON + MINUTE
LATE = Outcome(Verdict.FAILED, error="no answer within 5 s", retryable=False)


async def ran(tenant, times=1, dialect="cadenya", **given):
    """A schedule of a dialect and its fires, of which each has a run that waits."""
    agent = await tenant.add_target(kind=TargetKind.AGENT, name="Agent")
    schedule = await tenant.schedule(
        policies=Policies(overlap=Overlap.ALLOW), dialect=dialect, target_id=agent, **given
    )
    for minute in range(times):
        await tenant.release(NOW + minute * MINUTE)
    return schedule


def asking(tenant, limit=10, **given):
    return ObjectiveListing(tenant.workspace, "cadenya", limit, **given)


async def listed(tenant, **given):
    return await tenant.store.read(objectives.list_objectives, asking(tenant, **given))


async def agents(tenant, limit=10, **given):
    return await tenant.store.read(objectives.list_agents, AgentListing(tenant.workspace, limit, **given))


async def test_an_objective_comes_with_its_input_and_with_what_made_it(tenant, store):
    schedule = await ran(tenant, input={"n": 1})
    ((objective,), context, total) = await listed(tenant)
    (run,) = await tenant.runs(schedule)
    assert (objective.run, objective.phase, objective.input, total) == (run, "pending", {"n": 1}, 1)
    assert context.schedules == {schedule.id: await tenant.again(schedule)}
    assert context.agents[run.target_id].name == "Agent"
    assert {maker.name for maker in context.makers.values()} == {"Ada"}
    found, again = await store.read(objectives.get_objective, tenant.workspace, "cadenya", run.id)
    assert (found, again) == (objective, context)


async def test_only_runs_of_schedules_of_the_dialect_are_objectives(tenant, store):
    other = await ran(tenant, dialect="native")
    await store.write(runs.run_target, tenant.workspace, tenant.target, b"r" * 16, None, NOW)
    assert (await listed(tenant))[0] == []
    (run,) = await tenant.runs(other)
    with pytest.raises(NotFound):
        await store.read(objectives.get_objective, tenant.workspace, "cadenya", run.id)


@pytest.mark.parametrize(
    ("outcome", "phase"),
    [
        (SUCCEEDED, "succeeded"),
        (FAILED, "failed"),
        (LATE, "timed_out"),
        (ACCEPTED, "running"),
        (TRY_AGAIN, "running"),
    ],
)
async def test_the_phase_tells_apart_more_than_the_state(tenant, store, outcome, phase):
    await ran(tenant)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    assert [objective.phase for objective in (await listed(tenant))[0]] == ["running"]
    if outcome is ACCEPTED:
        await open_for(node, work, "token")
    await node.record([work], outcome, NOW)
    assert [objective.phase for objective in (await listed(tenant))[0]] == [phase]
    assert len((await listed(tenant, phase=phase))[0]) == 1
    assert (await listed(tenant, phase="cancelled"))[::2] == ([], 0)


@pytest.mark.parametrize("sentence", TimeIsUp)
@pytest.mark.parametrize("more", ["", "; not tried again after attempt 3 of 3: its attempts are used up"])
async def test_every_error_of_a_time_limit_is_a_time_out(tenant, store, sentence, more):
    error = (sentence.value if sentence is TimeIsUp.CALLBACK else sentence.after(1500)) + more
    assert await phase_after(tenant, store, error) == "timed_out"


@pytest.mark.parametrize("sentence", TimeIsUp)
async def test_an_error_that_quotes_such_words_of_the_target_is_no_time_out(tenant, store, sentence):
    quoted = f"the target answered 500: {sentence.after(1500)} before its deadline"
    assert await phase_after(tenant, store, quoted) == "failed"


async def phase_after(tenant, store, error):
    """The phase of an objective whose only attempt ended with an error."""
    await ran(tenant)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    await node.record([work], Outcome(Verdict.FAILED, error=error, retryable=False), NOW)
    (objective,) = (await listed(tenant))[0]
    return objective.phase


async def test_objectives_are_listed_from_either_end_and_by_page(tenant):
    schedule = await ran(tenant, 4)
    made = [run.id for run in await tenant.runs(schedule)]

    async def ids(**given):
        found, _, total = await listed(tenant, **given)
        assert total == 4
        return [objective.run.id for objective in found]

    assert await ids() == made[::-1]
    assert await ids(newest_first=False) == made
    assert await ids(limit=2, cursor=made[2]) == [made[1], made[0]]
    assert await ids(limit=2, cursor=made[1], newest_first=False) == [made[2], made[3]]


async def test_objectives_are_chosen_by_schedule_and_by_agent(tenant):
    first, second = await ran(tenant), await ran(tenant)
    agent = second.definition.target_id
    for given in ({"schedule_id": second.id}, {"agent_id": agent}):
        found, _, total = await listed(tenant, **given)
        assert [objective.run.schedule_id for objective in found] == [second.id]
        assert total == 1
    assert (await listed(tenant, schedule_id=first.id, agent_id=agent))[::2] == ([], 0)


async def test_what_is_gone_since_is_still_named(tenant, store):
    schedule = await ran(tenant)
    agent = schedule.definition.target_id
    await tenant.change(schedule, NOW + 1, state=ScheduleState.DELETED, deleted_ms=NOW + 1)
    await store.write(targets.delete_target, tenant.workspace, agent, NOW + 1)
    await store.write(tenancy.delete_principal, tenant.workspace, tenant.principal, NOW + 1)
    _, context, _ = await listed(tenant)
    assert context.schedules[schedule.id].state is ScheduleState.DELETED
    assert context.agents[agent].name == "Agent"
    assert list(context.makers) == [tenant.principal]


async def test_agents_are_listed_from_either_end_with_their_makers(tenant, store):
    made = [await tenant.add_target(kind=TargetKind.AGENT, name=f"Agent {n}", key=f"k{n}") for n in range(3)]

    async def ids(**given):
        found, makers, _ = await agents(tenant, **given)
        assert set(makers) == {tenant.principal}
        return [agent.id for agent in found]

    assert await ids() == made[::-1]
    assert await ids(newest_first=False, limit=2, cursor=made[0]) == made[1:]
    assert await ids(cursor=made[1]) == [made[0]]
    assert await ids(cursor=made[2], limit=1) == [made[1]]
    await store.write(targets.delete_target, tenant.workspace, made[1], NOW)
    assert await ids() == [made[2], made[0]]
    assert [(await agents(tenant, **given))[2] for given in ({}, {"limit": 1}, {"cursor": made[0]})] == [
        2
    ] * 3


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({}, 3), ({"prefix": "ag"}, 2), ({"prefix": "%"}, 0), ({"search": "ENT 1"}, 1), ({"search": "k2"}, 1),
     ({"search": "_"}, 0), ({"state": TargetState.DISABLED.value}, 1)],
)  # fmt: skip
async def test_agents_are_chosen_by_name_key_and_state(tenant, chosen, count):
    for number, name in enumerate(("Agent 0", "Agent 1", "Other")):
        state = TargetState.DISABLED if number == 2 else TargetState.ENABLED
        await tenant.add_target(kind=TargetKind.AGENT, name=name, key=f"k{number}", state=state)
    found, _, total = await agents(tenant, **chosen)
    assert (len(found), total) == (count, count)


async def test_another_workspace_sees_neither_objectives_nor_agents(tenant, store):
    stranger = await Tenant.open(store)
    schedule = await ran(tenant)
    (run,) = await tenant.runs(schedule)
    assert (await listed(stranger))[::2] == ([], 0)
    assert (await listed(stranger, schedule_id=schedule.id))[::2] == ([], 0)
    assert await agents(stranger) == ([], {}, 0)
    with pytest.raises(NotFound):
        await store.read(objectives.get_objective, stranger.workspace, "cadenya", run.id)


@pytest.mark.parametrize(
    ("few", "nearby", "around"), [(1, 0, 5), (1, 3, 20_000), (1, 2_000, 0), (500, 0, 5), (500, 0, 20_000)]
)
async def test_every_filter_finds_what_looking_at_all_objectives_finds(
    tenant, store, monkeypatch, few, nearby, around
):
    monkeypatch.setattr(objectives, "FEW", few)
    monkeypatch.setattr(objectives, "NEARBY", nearby)
    monkeypatch.setattr(objectives, "NEARBY_FOR_EACH", 0)
    monkeypatch.setattr(objectives, "AROUND", around)
    node = await Node.start(store)
    first = await ran(tenant, 6)
    second = await ran(tenant, 4)
    await ran(tenant, 2, dialect="native")
    works = await node.claim(NOW + 30 * MINUTE)
    outcomes = itertools.cycle((SUCCEEDED, FAILED, None, TRY_AGAIN, ACCEPTED, LATE))
    for work, outcome in zip(works, outcomes, strict=False):
        if outcome is ACCEPTED:
            await open_for(node, work, "token")
        if outcome is not None:
            await node.record([work], outcome, NOW)
    await tenant.release(NOW + 40 * MINUTE)
    everything, _, total = await listed(tenant, limit=1_000)
    assert total == len(everything) > 8
    agents = {schedule.id: schedule.definition.target_id for schedule in (first, second)}
    for phase, schedule, newest in itertools.product(
        (None, *PHASES), (None, first.id, second.id), (True, False)
    ):
        agent = agents.get(schedule)
        expected = [
            one for one in everything
            if phase in (None, one.phase) and schedule in (None, one.run.schedule_id)
        ][:: 1 if newest else -1]  # fmt: skip
        for given in (
            {"schedule_id": schedule},
            {"agent_id": agent},
            {"schedule_id": schedule, "agent_id": agent},
        ):
            given |= {"phase": phase, "newest_first": newest}
            found, _, count = await listed(tenant, limit=1_000, **given)
            assert (found, count) == (expected, len(expected)), given
            for limit in (1, 2):
                found, _, count = await listed(tenant, limit=limit, **given)
                assert (found, count) == (expected[:limit], len(expected)), given
                if expected:
                    found, _, count = await listed(tenant, limit=limit, cursor=expected[0].run.id, **given)
                    assert (found, count) == (expected[1:][:limit], len(expected)), given


@pytest.mark.parametrize("phase", [None, "pending", "timed_out"])
async def test_a_count_of_objectives_stops_where_it_need_not_be_exact_any_more(
    tenant, store, monkeypatch, phase
):
    monkeypatch.setattr(objectives, "MOST_COUNTED", 2)
    for _ in range(3):
        await ran(tenant)
    if phase == "timed_out":
        await (await Node.start(store)).work(NOW, LATE)
    found, _, total = await listed(tenant, limit=1, phase=phase)
    assert (len(found), total) == (1, 2)


async def test_who_made_the_agent_and_who_made_the_schedule_are_both_told(tenant, store):
    made = {"Ada": tenant.principal}
    for name in ("Bob", "Cleo"):
        made[name] = random_id(NOON)
        robot = Principal(made[name], tenant.workspace, PrincipalType.SERVICE, name, NOON)
        await store.write(tenancy.create_principal, robot, [])
    agent = await tenant.add_target(kind=TargetKind.AGENT, name="Agent", created_by=made["Bob"])
    schedule = await tenant.schedule(dialect="cadenya", target_id=agent)
    await tenant.release(NOW)
    _, context, _ = await listed(tenant)
    assert (await tenant.again(schedule)).created_by == made["Ada"]
    assert {maker.name: an_id for an_id, maker in context.makers.items()} == {
        name: made[name] for name in ("Ada", "Bob")
    }
    assert await store.read(objectives.makers, []) == {}
    assert [maker.name for maker in (await store.read(objectives.makers, [made["Cleo"]] * 2)).values()] == [
        "Cleo"
    ]
