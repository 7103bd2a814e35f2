"""The command palette finds schedules and targets of the own workspace, as far as the key may see them."""

from __future__ import annotations

from tests.api.asking import scheduled
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def found(person: Person, text: str) -> list[tuple[str, str]]:
    answer = await person.client.get("/console/find", params={"q": text})
    assert answer.status_code == 200
    return [(item["text"], item["kind"]) for item in answer.json()["items"]]


async def test_it_is_looked_where_people_see_it_and_not_in_what_programs_are_sent() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        target = (await house.target("workflow", name="Maker", key="zz-of-target")).key
        order = {
            "name": "Nightly",
            "key": "zz-of-schedule",
            "description": "zz-told",
            "input": {"a": "zz-sent"},
        }
        await scheduled(house, target=target, **order)
        for text, shown in (
            ("zz-of-schedule", ["Nightly"]), ("zz-told", ["Nightly"]), ("zz-of-target", ["Maker"]),
            (" Nightly ", ["Nightly"]), ("zz-sent", []), ("zz", ["Nightly", "Maker"]), ("z", []), (" z ", []),
        ):  # fmt: skip
            assert [name for name, _ in await found(person, text)] == shown, text


async def test_schedules_and_targets_are_found_by_a_part_of_their_name() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="Nightly report")
        await house.target("workflow", name="Report maker")
        assert await found(person, "REPORT") == [("Nightly report", "schedule"), ("Report maker", "target")]
        assert await found(person, "r") == []
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            assert await found(stranger, "report") == []
        async with signed_in(house, key=await house.key_with("targets:read")) as reader:
            assert await found(reader, "report") == [("Report maker", "target")]
