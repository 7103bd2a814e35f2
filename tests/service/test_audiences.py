"""Audiences are checked, previewed and opened; sources are set up and keep their secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from horarium.domain.audience import (
    AudienceQuery,
    AudienceRow,
    OpenFault,
    SourceFault,
    StoredSource,
    data_text,
)
from horarium.domain.errors import Invalid, NotFound, Problem, Unavailable
from horarium.domain.ids import prefixed, random_id
from horarium.executors.secrecy import merge_secrets
from horarium.service import audiences as module
from horarium.service.audiences import DIRECTORY, LARGEST_CONFIG, PREVIEWS_AT_ONCE, AudienceService
from horarium.service.borrowed import BorrowedSource
from horarium.store.verbs import audiences as verbs
from horarium.store.verbs import shares
from tests.support.audience import Listed, Stand, failing, opened_store, rows
from tests.support.callers import caller
from tests.support.house import House
from tests.support.tenant import NOON, Tenant

MINE = {"type": "mine", "filter": {}}


class Secretive(Listed):
    """A source with a secret of its own, `token`."""

    type = "secretive"

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        secrets = {"token": config["token"]} if "token" in config else {}
        return {**config, **dict.fromkeys(secrets, "***")}, secrets

    def check(self, config: Any) -> list[Any]:
        return [Problem("token", "must not be empty", "required")] if config.get("token") == "" else []


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with opened_store("sqlite", tmp_path) as store:
        opened = await Stand.open(store, Listed(rows(7)))
        opened.sources["secretive"] = Secretive([])
        vault = opened.audiences.vault
        opened.audiences = AudienceService(store, vault, opened.sources, opened.clock, merge_secrets)
        yield opened


async def test_an_audience_that_can_be_read_has_no_problems(stand: Stand) -> None:
    for audience in (MINE, {"type": "contacts"}, {"type": "users", "filter": {"roles": None}}):
        assert await stand.audiences.problems(stand.tenant.workspace, audience) == []


@pytest.mark.parametrize(
    ("audience", "field"),
    [
        ("contacts", "to"),
        ({"type": "cats"}, "to.type"),
        ({"type": "contacts", "filter": {"limit": 0}}, "to.filter.limit"),
        ({"type": "contacts", "filter": {"colour": 1}}, "to.filter.colour"),
    ],
)
async def test_what_is_wrong_with_an_audience_is_named_as_the_caller_calls_it(
    stand: Stand, audience: Any, field: str
) -> None:
    found = await stand.audiences.problems(stand.tenant.workspace, audience, "to")
    assert [problem.field for problem in found] == [field]


async def test_another_workspaces_source_is_unknown(stand: Stand) -> None:
    stranger = random_id(NOON)
    assert [problem.field for problem in await stand.audiences.problems(stranger, MINE)] == ["audience.type"]
    with pytest.raises(SourceFault) as caught:
        await stand.audiences.open(stranger, MINE, NOON)
    assert caught.value.lasting
    with pytest.raises(Unavailable):
        await stand.audiences.preview(stranger, MINE)
    assert await stand.audiences.list_sources(stranger) == []
    for attempt in (
        stand.audiences.get_source(stranger, "mine"),
        stand.audiences.delete_source(caller(stranger, stranger), "mine"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await stand.audiences.get_source(stand.tenant.workspace, "mine")).name == "mine"


async def test_a_source_is_asked_with_the_filter_without_nulls_at_the_instant_given(stand: Stand) -> None:
    audience = {"type": "mine", "filter": {"a": 1, "b": None}}
    source, query = await stand.audiences.open(stand.tenant.workspace, audience, NOON + 5)
    assert source is stand.sources["listed"]
    assert (query.type, query.filter, query.now_ms) == ("mine", {"a": 1}, NOON + 5)


@pytest.mark.parametrize("paged", [True, False])
async def test_a_preview_counts_and_shows_the_first_rows(stand: Stand, paged: bool) -> None:
    source: Any = stand.sources["listed"]
    source.paged = paged
    found = await stand.audiences.preview(stand.tenant.workspace, MINE, sample=2)
    assert (found.count, found.more, list(found.rows)) == (7, False, rows(2))
    few = await stand.audiences.preview(stand.tenant.workspace, MINE, sample=0, most=7)
    assert (few.count, few.more, list(few.rows)) == (7, False, [])
    source.listed = rows(8)
    many = await stand.audiences.preview(stand.tenant.workspace, MINE, sample=2, most=7)
    assert (many.count, many.more) == (7, True)
    source.listed = []
    nothing = await stand.audiences.preview(stand.tenant.workspace, MINE)
    assert (nothing.count, nothing.more, list(nothing.rows)) == (0, False, [])


async def test_a_source_that_cannot_be_read_makes_a_preview_unavailable_and_says_why(stand: Stand) -> None:
    source: Any = stand.sources["listed"]
    source.before_page = failing(1)
    with pytest.raises(Unavailable, match="out to lunch"):
        await stand.audiences.preview(stand.tenant.workspace, MINE)


async def test_a_source_keeps_its_secret_by_stars_and_shows_it_to_nobody(stand: Stand) -> None:
    service, mine = stand.audiences, stand.tenant.workspace
    made = await service.put_source(caller(mine, mine), "crm", "secretive", {"token": "s3cret", "url": "a"})
    assert made.config == {"token": "***", "url": "a"}
    assert made.sealed is not None
    assert b"s3cret" not in made.sealed
    kept = await service.put_source(caller(mine, mine), "crm", "secretive", {"token": "***", "url": "a"})
    assert kept.id == made.id
    _, query = await service.open(mine, {"type": "crm"}, NOON)
    assert query.config == {"token": "s3cret", "url": "a"}
    await service.put_source(caller(mine, mine), "crm", "secretive", {"url": "a"})
    _, query = await service.open(mine, {"type": "crm"}, NOON)
    assert query.config == {"url": "a"}


async def test_a_secret_does_not_follow_its_source_to_another_place(stand: Stand) -> None:
    service, mine = stand.audiences, stand.tenant.workspace
    await service.put_source(caller(mine, mine), "crm", "secretive", {"token": "s3cret", "url": "a"})
    await service.put_source(caller(mine, mine), "crm", "secretive", {"token": "***", "url": "b"})
    _, query = await service.open(mine, {"type": "crm"}, NOON)
    assert query.config == {"token": "***", "url": "b"}


@pytest.mark.parametrize(
    ("name", "kind", "config", "fields"),
    [
        ("CRM", "listed", {}, ["name"]),
        ("", "listed", {}, ["name"]),
        ("7up", "listed", {}, ["name"]),
        ("a" * 64, "listed", {}, ["name"]),
        ("crm", "teleport", {}, ["type"]),
        ("crm", "directory", {}, ["type"]),
        ("crm", "secretive", {"token": ""}, ["config.token"]),
        ("C", "teleport", {}, ["name", "type"]),
    ],
)
async def test_a_source_that_cannot_be_is_refused_by_field(
    stand: Stand, name: str, kind: str, config: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        await stand.audiences.put_source(
            caller(stand.tenant.workspace, stand.tenant.principal), name, kind, config
        )
    assert [problem.field for problem in caught.value.problems] == fields
    assert len(await stand.audiences.list_sources(stand.tenant.workspace)) == 1


async def test_a_deleted_source_is_gone(stand: Stand) -> None:
    await stand.audiences.delete_source(caller(stand.tenant.workspace, stand.tenant.principal), "mine")
    with pytest.raises(NotFound):
        await stand.audiences.delete_source(caller(stand.tenant.workspace, stand.tenant.principal), "mine")
    with pytest.raises(SourceFault):
        await stand.audiences.open(stand.tenant.workspace, MINE, NOON)


async def test_a_source_of_a_type_that_this_server_lacks_says_so(stand: Stand) -> None:
    del stand.sources["listed"]
    (problem,) = await stand.audiences.problems(stand.tenant.workspace, MINE)
    assert "listed" in problem.message


async def test_a_fire_is_waited_for_until_its_audience_is_read_or_the_time_is_over(stand: Stand) -> None:
    schedule = await stand.schedule()
    await stand.fire()
    (fire,) = await stand.tenant.fires(schedule)
    mine = stand.tenant.workspace
    assert (await stand.audiences.resolved(mine, fire.id, 0)).state.value == "resolving"
    await stand.resolve()
    assert (await stand.audiences.resolved(mine, fire.id, 60)).runs == 7
    with pytest.raises(NotFound):
        await stand.audiences.resolved(random_id(NOON), fire.id, 0)


async def test_a_source_at_a_host_that_the_workspace_may_not_reach_is_refused() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house:
        who, audiences = await house.who(), house.services.audiences
        config = {"url": "https://example.com/rows"}
        await audiences.put_source(who, "crm", "http", config)
        await house.services.tenancy.update_workspace(who, who.workspace_id, allowed_hosts=["10.0.0.0/8"])
        with pytest.raises(Invalid) as caught:
            await audiences.put_source(who, "crm", "http", config)
        assert [problem.field for problem in caught.value.problems] == ["config.url"]
        with pytest.raises(Unavailable, match="allowed_hosts"):
            await audiences.preview(who.workspace_id, {"type": "crm"})


async def test_the_sources_of_a_workspace_are_bounded_in_number_and_size(monkeypatch) -> None:
    monkeypatch.setattr("horarium.service.audiences.MOST_SOURCES", 2)
    async with House.open("2026-03-01T12:00:00Z") as house:
        audiences, who = house.services.audiences, await house.who()
        config = {"url": "https://example.com/people"}
        for name in ("a", "b", "a"):  # one that is there may always be replaced
            await audiences.put_source(who, name, "http", config)
        with pytest.raises(Invalid, match="more than the 2 sources"):
            await audiences.put_source(who, "c", "http", config)
        with pytest.raises(Invalid, match="larger than the 64 KiB"):
            await audiences.put_source(who, "a", "http", {"url": "https://example.com/" + "p" * 70_000})
        assert [source.name for source in await audiences.list_sources(who.workspace_id)] == ["a", "b"]


async def test_a_source_that_several_requests_make_at_once_has_a_secret_that_can_be_read(
    stand: Stand,
) -> None:
    service, mine = stand.audiences, stand.tenant.workspace
    configs = [{"token": f"s{number}", "url": "a"} for number in range(5)]
    made = await asyncio.gather(
        *(service.put_source(caller(mine, mine), "crm", "secretive", config) for config in configs)
    )
    assert [source.name for source in made] == ["crm"] * 5
    _, query = await service.open(mine, {"type": "crm"}, NOON)
    assert query.config in configs


async def test_sources_that_are_made_at_once_are_not_more_than_are_allowed(stand: Stand, monkeypatch) -> None:
    monkeypatch.setattr("horarium.service.audiences.MOST_SOURCES", 3)
    service, mine = stand.audiences, stand.tenant.workspace
    made = await asyncio.gather(
        *(service.put_source(caller(mine, mine), f"s{number}", "listed", {}) for number in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(found, Invalid) for found in made) == 4
    assert len(await service.list_sources(mine)) == 3


async def test_a_source_that_is_larger_than_is_allowed_since_can_be_sent_back_as_it_is(stand: Stand) -> None:
    service, mine = stand.audiences, stand.tenant.workspace
    large = {"query": "x" * (LARGEST_CONFIG + 1)}
    old = StoredSource(mine, "old", random_id(NOON), "listed", large, NOON, NOON, None)
    await stand.tenant.store.write(verbs.put_source, old, NOON)
    assert await service.put_source(caller(mine, mine), "old", "listed", large) == old
    with pytest.raises(Invalid, match="64 KiB"):
        await service.put_source(caller(mine, mine), "old", "listed", {"query": "y" * (LARGEST_CONFIG + 1)})


@pytest.mark.parametrize("paged", [True, False])
async def test_of_a_source_that_is_shared_a_borrower_gets_the_rows_and_only_what_is_fit_of_its_faults(
    stand: Stand, paged: bool
) -> None:
    source = stand.sources["listed"] = Listed(rows(3), paged)
    borrower = await Tenant.open(stand.store)
    mirror = StoredSource(
        borrower.workspace,
        "lent",
        random_id(NOON),
        "listed",
        {},
        NOON,
        NOON,
        shared_from=stand.tenant.workspace,
    )
    mine = stand.tenant.workspace
    await stand.store.write(shares.share, shares.SOURCES, mine, mine, mirror)
    audience = {"type": "lent", "filter": {"a": 1}}
    assert (await stand.audiences.preview(borrower.workspace, audience)).count == 3
    _, query = await stand.audiences.open(borrower.workspace, audience, NOON)
    assert (query.workspace_id, query.type, query.filter) == (mine, "mine", {"a": 1})
    assert (query.asked_by, query.audience_of) == (borrower.workspace, borrower.workspace)
    for fault, told in (
        (SourceFault("db.internal refused us"), "its cause is shown only in the workspace that shares it"),
        (NotFound("db.internal"), "its cause is shown only in the workspace that shares it"),
        (SourceFault("db.internal is away", abroad="the database is away"), "the database is away"),
        (OpenFault("it answered 503"), "it answered 503"),
    ):

        def fail(_: int, fault: Exception = fault) -> None:
            raise fault

        source.before_page = fail
        with pytest.raises(Unavailable) as found:
            await stand.audiences.preview(borrower.workspace, audience)
        assert str(found.value).endswith(f"the shared source 'lent' failed: {told}")


class Grouped(Secretive):
    """A source whose secrets are members of a group, as the headers of a request are."""

    type = "grouped"

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        headers = config.get("headers", {})
        secrets = {f"headers.{name}": text for name, text in headers.items() if name.startswith("X-")}
        public = {name: "***" if name.startswith("X-") else text for name, text in headers.items()}
        return {**config, "headers": public}, secrets


async def test_all_secrets_of_a_group_are_there_when_a_source_is_asked(stand: Stand) -> None:
    stand.sources["grouped"] = Grouped([])
    mine, headers = (
        stand.tenant.workspace,
        {"Accept": "text/csv", "X-One": "s1", "X-Two": "s2", "X-Three": "s3"},
    )
    made = await stand.audiences.put_source(caller(mine, mine), "crm", "grouped", {"headers": headers})
    assert made.config["headers"] == {**headers, **dict.fromkeys(("X-One", "X-Two", "X-Three"), "***")}
    _, query = await stand.audiences.open(mine, {"type": "crm"}, NOON)
    assert query.config == {"headers": headers}


async def test_a_secret_does_not_follow_its_source_to_another_type(stand: Stand) -> None:
    stand.sources["alike"] = Secretive([])
    service, mine = stand.audiences, stand.tenant.workspace
    await service.put_source(caller(mine, mine), "crm", "secretive", {"token": "s3cret", "url": "a"})
    await service.put_source(caller(mine, mine), "crm", "alike", {"token": "***", "url": "a"})
    _, query = await service.open(mine, {"type": "crm"}, NOON)
    assert query.config == {"token": "***", "url": "a"}


@pytest.mark.parametrize(("room", "shown"), [(100, 2), (99, 1), (49, 0)])
async def test_a_preview_shows_no_more_than_one_answer_may_hold(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, room: int, shown: int
) -> None:
    wide = [AudienceRow(key, {"a": "x" * (50 - len(data_text(AudienceRow(key, {"a": ""}))))}) for key in "12"]
    stand.sources["listed"] = Listed(wide)
    monkeypatch.setattr(module, "SAMPLE_SIZE_LIMIT", room)
    found = await stand.audiences.preview(stand.tenant.workspace, MINE, sample=5)
    assert (found.count, len(found.rows)) == (2, shown)


async def test_a_preview_shows_five_rows_unless_told_otherwise(stand: Stand) -> None:
    assert list((await stand.audiences.preview(stand.tenant.workspace, MINE)).rows) == rows(5)


async def test_no_more_previews_of_a_workspace_read_at_once_than_may_and_others_have_their_turn(
    stand: Stand,
) -> None:
    reading, go_on = 0, asyncio.Event()

    class Slow(Listed):
        async def rows(self, query: Any) -> AsyncGenerator[list[AudienceRow]]:
            nonlocal reading
            reading += 1
            await go_on.wait()
            yield self.listed

    stand.sources["listed"] = Slow(rows(7), paged=False)
    neighbour = (await Tenant.open(stand.store)).workspace
    await stand.audiences.put_source(caller(neighbour, neighbour), "mine", "listed", {})

    async def until(many: int) -> None:
        async with asyncio.timeout(5):
            while reading < many:
                await asyncio.sleep(0.001)

    asked = [
        asyncio.ensure_future(stand.audiences.preview(stand.tenant.workspace, MINE))
        for _ in range(PREVIEWS_AT_ONCE + 3)
    ]
    await until(PREVIEWS_AT_ONCE)
    theirs = asyncio.ensure_future(stand.audiences.preview(neighbour, MINE))
    await until(PREVIEWS_AT_ONCE + 1)
    assert reading == PREVIEWS_AT_ONCE + 1
    go_on.set()
    assert [found.count for found in await asyncio.gather(*asked, theirs)] == [7] * (PREVIEWS_AT_ONCE + 4)
    del asked, theirs
    assert not stand.audiences._previews


async def test_a_preview_asks_a_source_for_no_more_than_it_needs(stand: Stand) -> None:
    asked = []

    class Noting(Listed):
        async def count(self, query: Any, most: int) -> int:
            asked.append(("count", most))
            return await super().count(query, most)

        async def page(self, query: Any, position: str | None, limit: int) -> Any:
            asked.append(("page", limit))
            return await super().page(query, position, limit)

        async def rows(self, query: Any) -> AsyncGenerator[list[AudienceRow]]:
            for row in self.listed:
                asked.append(("row", 1))
                yield [row]

    stand.sources["listed"] = Noting(rows(7))
    await stand.audiences.preview(stand.tenant.workspace, MINE, sample=2, most=4)
    assert asked == [("count", 5), ("page", 2)]  # one more than counted, which tells that there are more
    await stand.audiences.preview(stand.tenant.workspace, MINE, sample=0)
    stand.sources["listed"] = Noting([])
    await stand.audiences.preview(stand.tenant.workspace, MINE)
    assert [what for what, _ in asked[2:]] == ["count", "count"]
    asked.clear()
    stand.sources["listed"] = Noting(rows(7), paged=False)
    await stand.audiences.preview(stand.tenant.workspace, MINE, most=4)
    assert asked == [("row", 1)] * 5


async def test_an_audience_of_the_directory_at_a_server_without_one_is_no_source(stand: Stand) -> None:
    del stand.sources[DIRECTORY]
    with pytest.raises(SourceFault, match="'users' is neither an audience type") as caught:
        await stand.audiences.open(stand.tenant.workspace, {"type": "users"}, NOON)
    assert caught.value.lasting


async def test_a_source_that_is_not_shared_any_more_is_gone_for_good(stand: Stand) -> None:
    mine, borrower = stand.tenant.workspace, await Tenant.open(stand.store)
    source = await stand.audiences.get_source(mine, "mine")
    mirror = StoredSource(
        borrower.workspace, "lent", random_id(NOON), "listed", {}, NOON, NOON, shared_from=mine
    )
    await stand.store.write(shares.share, shares.SOURCES, mine, mine, mirror)
    await stand.store.write(shares.end_share, shares.SOURCES, mine, source.id, borrower.workspace, NOON + 1)
    with pytest.raises(SourceFault) as caught:
        await stand.audiences.open(borrower.workspace, {"type": "lent"}, NOON)
    words = "the source 'lent' cannot be read: it is not shared with this workspace any more"
    assert (str(caught.value), caught.value.lasting) == (words, True)


async def test_a_fire_is_looked_at_soon_at_first_and_then_less_often(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = await stand.schedule()
    await stand.fire()
    (fire,) = await stand.tenant.fires(schedule)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 7:
            await stand.resolve()

    monkeypatch.setattr(
        module, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=asyncio.get_running_loop)
    )
    assert (await stand.audiences.resolved(stand.tenant.workspace, fire.id, 60)).runs == 7
    assert waits == [0.005, 0.01, 0.02, 0.05, 0.1, 0.1, 0.1]


class Choosy(Listed):
    """A source that has something against every filter: a field of it, or the whole."""

    def check_filter(self, query: Any) -> list[Problem]:
        return [Problem("colour", "is unknown", "unknown"), Problem("", "is too wide")]


@pytest.mark.parametrize("name", ["mine", "contacts"])
async def test_a_filter_is_judged_by_the_source_that_is_read(stand: Stand, name: str) -> None:
    """Also where a source of the workspace has the name of a part of the directory."""
    stand.sources["listed"] = Choosy(rows(1))
    mine = stand.tenant.workspace
    await stand.audiences.put_source(caller(mine, mine), name, "listed", {})
    found = await stand.audiences.problems(mine, {"type": name, "filter": {}}, "to")
    assert [(problem.field, problem.code) for problem in found] == [
        ("to.filter.colour", "unknown"),
        ("to.filter", "value"),
    ]
    assert await stand.audiences.problems(mine, {"type": "users", "filter": {}}) == []


async def test_who_names_an_unknown_type_of_source_is_told_the_types_that_can_be_set_up(stand: Stand) -> None:
    mine = stand.tenant.workspace
    for kind in ("teleport", DIRECTORY):
        with pytest.raises(Invalid) as caught:
            await stand.audiences.put_source(caller(mine, mine), "crm", kind, {})
        (problem,) = caught.value.problems
        assert problem.message.endswith("the types are listed, secretive")


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.parametrize("kind", [SourceFault, OpenFault])
async def test_whether_reading_is_tried_again_is_the_same_for_a_borrower(kind: Any, lasting: bool) -> None:
    class Broken(Listed):
        async def count(self, query: Any, most: int) -> int:
            raise kind("out to lunch", lasting)

    query = AudienceQuery(random_id(NOON), "mine", {}, NOON, {}, random_id(NOON))
    with pytest.raises(SourceFault) as caught:
        await BorrowedSource(Broken([]), "lent").count(query, 1)
    assert caught.value.lasting is lasting


async def test_the_log_tells_the_operator_why_a_shared_source_was_not_read_whose_it_is_and_who_asked() -> (
    None
):
    class Broken(Listed):
        async def count(self, query: Any, most: int) -> int:
            raise SourceFault("out to lunch")

    query = AudienceQuery(random_id(NOON), "mine", {}, NOON, {}, random_id(NOON + 1))
    with capture_logs() as lines, pytest.raises(SourceFault) as caught:
        await BorrowedSource(Broken([]), "lent").count(query, 1)
    assert lines == [
        {
            "event": "shared_source_not_read",
            "log_level": "info",
            "workspace": prefixed("ws", query.workspace_id),
            "source": "mine",
            "asked_by": prefixed("ws", query.audience_of),
            "reason": "out to lunch",
        }
    ]
    assert "lunch" not in str(caught.value)


async def test_a_source_with_the_name_of_a_part_of_the_directory_takes_only_the_filters_of_that(
    stand: Stand,
) -> None:
    mine = stand.tenant.workspace
    await stand.audiences.put_source(caller(mine, mine), "contacts", "listed", {})
    for name, fields in (("mine", []), ("contacts", ["to.filter.colour"]), ("users", ["to.filter.colour"])):
        found = await stand.audiences.problems(mine, {"type": name, "filter": {"colour": 1}}, "to")
        assert [problem.field for problem in found] == fields


@pytest.mark.parametrize(("size", "fits"), [(65_535, True), (65_536, True), (65_537, False)])
async def test_the_configuration_of_a_source_is_at_most_64_kib_of_json(
    stand: Stand, size: int, fits: bool
) -> None:
    mine, config = stand.tenant.workspace, {"query": ""}
    config["query"] = "x" * (size - len(orjson.dumps(config)))
    if fits:
        await stand.audiences.put_source(caller(mine, mine), "crm", "listed", config)
    else:
        with pytest.raises(Invalid, match="64 KiB"):
            await stand.audiences.put_source(caller(mine, mine), "crm", "listed", config)
