"""Lists: filters, order, pages, and what includeInfo adds."""

from __future__ import annotations

import pytest

from tests.api.dialects.cadenya.support import NOW, Cadenya
from tests.support.house import House, client_of


async def names(cadenya: Cadenya, **query: object) -> list[str]:
    answer = await cadenya.get("", **query)
    assert answer.status_code == 200, answer.text
    return [one["metadata"]["name"] for one in answer.json()["items"]]


async def test_an_empty_list_has_no_cursor(cadenya: Cadenya) -> None:
    assert (await cadenya.get("")).json() == {"items": [], "pagination": {"total": 0}}


async def test_pages_cover_everything_once_and_never_end_in_an_empty_one(cadenya: Cadenya) -> None:
    for number in range(6):
        cadenya.house.clock.now += 1
        await cadenya.created({"name": f"s{number}"})
    for order, expected in (("desc", "543210"), ("asc", "012345")):
        seen, cursor, pages = "", "", 0
        while True:
            answer = (await cadenya.get("", limit=2, cursor=cursor, sortOrder=order)).json()
            assert answer["items"]
            assert answer["pagination"]["total"] == 6
            seen += "".join(one["metadata"]["name"][1:] for one in answer["items"])
            pages += 1
            cursor = answer["pagination"].get("nextCursor", "")
            if not cursor:
                break
        assert (seen, pages) == (expected, 3)


async def test_the_filters_narrow_the_list(cadenya: Cadenya) -> None:
    await cadenya.created({"name": "Nightly Éclair", "labels": {"env": "prod", "team": "x"}})
    await cadenya.created({"name": "weekly", "externalId": "NIGHT-2", "labels": {"env": "prod"}})
    await cadenya.created({"name": "other"}, initialMessage="See you toNIGHT, 100%")
    await cadenya.created({"name": "last"}, data={"night": "initialMessage"})
    assert await names(cadenya, prefix="nightly é") == ["Nightly Éclair"]
    assert set(await names(cadenya, query="night")) == {"Nightly Éclair", "weekly", "other"}
    assert await names(cadenya, query="100%") == ["other"]
    assert await names(cadenya, query="_") == []
    assert await names(cadenya, labels="env=prod,team=x") == ["Nightly Éclair"]
    assert set(await names(cadenya, labels="env=prod")) == {"Nightly Éclair", "weekly"}
    assert await names(cadenya, bundleKey="none") == []


async def test_a_text_too_long_to_search_for_finds_nothing(cadenya: Cadenya) -> None:
    await cadenya.created()
    for name in ("prefix", "query"):
        assert await names(cadenya, **{name: "a" * 60_000}) == []


async def test_a_filter_with_a_nul_finds_nothing(cadenya: Cadenya) -> None:
    await cadenya.created({"name": "Daily", "bundleKey": "b1"})
    for name, value in (("prefix", "dai"), ("query", "ail"), ("bundleKey", "b1")):
        assert await names(cadenya, **{name: value}) == ["Daily"], name
        for with_nul in (f"{value}\0", f"\0{value}"):
            assert await names(cadenya, **{name: with_nul}) == [], name


async def test_limit_is_clamped_zero_is_the_default_and_nonsense_is_refused(cadenya: Cadenya) -> None:
    await cadenya.created()
    for limit in ("0", "1", "100", "5000", "2147483647", "9" * 30):
        assert (await cadenya.get("", limit=limit)).status_code == 200
    wrong = await cadenya.get("", limit="-1", cursor="x", sortOrder="up", includeInfo="maybe")
    assert cadenya.violations(wrong) == {"limit", "cursor", "sortOrder", "includeInfo"}
    for labels in ("nonsense", "=x", "a=b,c"):
        assert cadenya.violations(await cadenya.get("", labels=labels)) == {"labels"}
    for labels in ("", ",", "a=,", " a=b , c=d "):
        assert (await cadenya.get("", labels=labels)).status_code == 200


async def test_info_is_always_there_and_whole_when_it_is_asked_for(cadenya: Cadenya) -> None:
    await cadenya.created()
    plain = (await cadenya.get("")).json()["items"][0]["info"]
    assert plain == {"totalFires": 0}
    whole = (await cadenya.get("", includeInfo="true")).json()["items"][0]["info"]
    assert whole.keys() == {"totalFires", "createdBy", "nextFireAt"}
    assert whole["createdBy"].keys() == {"metadata", "spec"}


async def test_info_costs_more_of_the_rate() -> None:
    async with House.open(NOW, rate_limit=5.0) as house:
        cadenya = Cadenya(house)
        await cadenya.use_agent()
        house.clock.now += 10_000
        assert (await cadenya.get("", includeInfo="true")).status_code == 200
        refused = await cadenya.get("")
        assert refused.status_code == 429
        assert refused.json()["code"] == 8
        assert refused.headers["retry-after"] == "1"


async def test_another_agents_schedules_and_other_dialects_are_not_listed(cadenya: Cadenya) -> None:
    made = await cadenya.created()
    first = cadenya.agent
    await cadenya.use_agent()
    assert await names(cadenya) == []
    assert (await cadenya.get(f"/{made['metadata']['id']}")).status_code == 404
    assert cadenya.agent != first


@pytest.mark.parametrize("scope", ["schedules:read", "targets:read"])
async def test_a_key_may_do_what_its_scopes_say(cadenya: Cadenya, scope: str) -> None:
    key = await cadenya.house.key_with(scope)
    async with client_of(cadenya.house.api, key) as client:
        listed = await client.get(cadenya.base)
        made = await client.post(cadenya.base, json=cadenya.body())
    assert listed.status_code == (200 if scope == "schedules:read" else 403)
    assert made.status_code == 403
    assert made.json()["code"] == 7
