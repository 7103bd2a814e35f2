"""A sixth dialect, which the server knows by its record alone: what the kit promises to those that come later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import horarium
from horarium.api.kit import registry
from horarium.domain.ids import from_prefixed, uuid_text
from horarium.times import RecurrenceError, Timing, compile_timing, grammar
from tests.support.house import House
from tests.support.schema_check import check_page

ENTRY = EntryPoint("sundial", "tests.api.dialects.sixth:DIALECT", registry.GROUP)
NOW = "2026-11-27T08:00:00Z"
TIMER = {"when": "09:30", "zone": "Europe/Paris", "calls": "fn"}


@pytest.fixture(autouse=True)
def _known_only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar stays for the rest of the process, and other tests read which there are."""
    monkeypatch.setattr(grammar, "_grammars", dict(grammar._grammars))


def with_sundial() -> registry.Dialects:
    return registry.load([*entry_points(group=registry.GROUP), ENTRY])


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open(NOW, dialects=with_sundial()) as made:
        await made.target("function", key="fn")
        yield made


async def test_a_schedule_is_made_listed_and_edited(house: House) -> None:
    made = (await house.client.post("/sundial/timers", json=TIMER)).json()
    assert made == TIMER | {"id": made["id"], "next": "2026-11-27T08:30:00.000Z"}

    changed = await house.client.patch(f"/sundial/timers/{made['id']}", json={"when": "10:00"})
    assert changed.json() == made | {"when": "10:00", "next": "2026-11-27T09:00:00.000Z"}
    assert (await house.client.get("/sundial/timers")).json() == {"timers": [changed.json()]}


async def test_a_recurrence_is_previewed_in_its_own_grammar(house: House) -> None:
    found = await house.client.post("/sundial/timers/preview", json={"when": "23:59"})
    assert found.json()["times"] == [f"2026-11-{day}T23:59:00.000Z" for day in (27, 28, 29)]


async def test_its_schedules_fire(house: House) -> None:
    await house.client.post("/sundial/timers", json=TIMER)
    assert await house.move("2026-11-27T08:29:59Z") == 0
    assert await house.move("2026-11-27T08:30:00Z") == 1


async def test_every_problem_is_told_at_once_under_its_own_names(house: House) -> None:
    made = (await house.client.post("/sundial/timers", json=TIMER)).json()
    for answer in (
        await house.client.post("/sundial/timers", json={"when": "9", "zone": "Mars", "calls": "none"}),
        await house.client.patch(
            f"/sundial/timers/{made['id']}", json={"when": "9", "zone": "Mars", "calls": "none"}
        ),
    ):
        assert answer.status_code == 400
        assert answer.json()["code"] == "VALIDATION_ERROR"
        assert {sentence.partition(" ")[0] for sentence in answer.json()["wrong"]} == {
            "when",
            "zone",
            "calls",
        }


async def test_another_dialects_schedule_does_not_exist_here(house: House) -> None:
    body = {"name": "Other", "recurrence": "0 9 * * *", "target": "fn"}
    made = (await house.client.post("/horarium/v1/schedules", json=body)).json()
    its_id = from_prefixed("sch", made["id"])
    assert its_id is not None
    path = f"/sundial/timers/{uuid_text(its_id)}"
    answer = await house.client.patch(path, json={"when": "10:00"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_our_own_api_lists_its_schedules_by_its_name(house: House) -> None:
    await house.client.post("/sundial/timers", json=TIMER)
    found = await house.client.get("/horarium/v1/schedules", params={"dialect": "sundial"})
    assert [(one["dialect"], one["recurrence"]) for one in found.json()["items"]] == [("sundial", "09:30")]


def test_the_server_keeps_to_its_page() -> None:
    async def prepare(house: House) -> None:
        await house.target("function", key="fn")

    assert check_page("/sundial", NOW, prepare, dialects=with_sundial()) > 20


def test_no_file_of_the_server_knows_of_it() -> None:
    source = Path(horarium.__file__).parent
    assert [path for path in source.rglob("*.py") if "sundial" in path.read_text()] == []


def test_a_timing_of_a_dialect_that_is_not_installed_says_so() -> None:
    with pytest.raises(
        RecurrenceError, match="the dialect 'moondial' is not installed here; installed are native"
    ):
        compile_timing(Timing("09:30", "moondial"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sundial", "tests.api.dialects.sixth.wire:NAME"),  # not a record
        ("moondial", "tests.api.dialects.sixth:DIALECT"),  # the record of another name
        ("sundial", "tests.api.dialects.none:DIALECT"),  # no such module
    ],
)
def test_what_is_not_a_dialect_is_reported_and_left_out(name: str, value: str) -> None:
    with capture_logs() as logs:
        found = registry.load([EntryPoint(name, value, registry.GROUP)])
    assert found == {}
    assert logs[0].pop("error")
    told = {"event": "dialect_not_loaded", "dialect": name, "entry": value}
    assert logs == [{"log_level": "warning", **told}]


def test_a_plug_in_cannot_take_the_place_of_one_of_ours() -> None:
    ours = list(entry_points(group=registry.GROUP))
    plug_in = EntryPoint("uranus", ENTRY.value, registry.GROUP)
    with capture_logs() as logs:
        found = registry.load([plug_in, *ours])
    assert found["uranus"].bases == ("/api/agents",)
    told = {"event": "dialect_name_taken", "dialect": "uranus", "entry": plug_in.value}
    assert logs == [{"log_level": "warning", **told}]
