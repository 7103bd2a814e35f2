"""The pictures of the editor show what the policies decide: each value has one, and it agrees with the rule."""

from __future__ import annotations

import pytest

from horarium.console.policy_pictures import CATCH_UPS, OVERLAPS, SLOTS, Picture
from horarium.domain.overlap import Decision, Overlap, decide
from horarium.domain.schedule import CatchUp
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House


def test_every_policy_has_a_picture() -> None:
    assert [picture.value for picture in OVERLAPS] == list(
        dict.fromkeys(picture.value for picture in OVERLAPS)
    )
    assert {picture.value for picture in OVERLAPS} == set(Overlap)
    assert {picture.value for picture in CATCH_UPS} == set(CatchUp)


@pytest.mark.parametrize("picture", OVERLAPS, ids=lambda picture: picture.value)
def test_the_picture_of_an_overlap_shows_what_becomes_of_the_second_slot(picture: Picture) -> None:
    """The first fire still runs at the second slot, at which nothing waits yet."""
    first, second = picture.bars[0], SLOTS[1]
    decided = decide(Overlap(picture.value), 1, 0, 10)
    fires_later = [bar for bar in picture.bars[1:] if bar.start >= second]
    if decided is Decision.SKIP:
        assert second in picture.crossed
    elif decided is Decision.START:
        assert any(bar.start == second and bar.row for bar in fires_later)
    elif decided is Decision.TERMINATE_AND_START:
        assert (first.end, first.tone, fires_later[0].start) == (second, "bad", second)
    elif decided is Decision.CANCEL_AND_WAIT:
        assert (first.tone, fires_later[0].start) == ("bad", first.end)
        assert first.end > second
    else:
        assert fires_later[0].start == first.end > second


@pytest.mark.parametrize("picture", OVERLAPS, ids=lambda picture: picture.value)
def test_every_slot_of_a_picture_fires_or_is_crossed_out(picture: Picture) -> None:
    assert len(picture.bars) + len(picture.crossed) == len(SLOTS)


async def test_the_editor_offers_every_policy_and_keeps_the_one_that_was_chosen() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house, signed_in(house) as person:
        page = await person.see("/schedules/new")
        assert page.count('<svg class="policy"') == len(OVERLAPS) + len(CATCH_UPS)
        assert 'name="overlap" value="skip" checked' in page
        sent = await person.send("/schedules/new", page, 400, name="", overlap="allow", catch_up="none")
        assert 'name="overlap" value="allow" checked' in sent.text
        assert 'name="catch_up" value="none" checked' in sent.text


@pytest.mark.parametrize(("choice", "fires"), [("none", 0), ("latest", 1), ("all", 3)])
async def test_a_schedule_is_resumed_with_a_choice_of_what_becomes_of_the_slots_of_the_pause(
    choice: str, fires: int
) -> None:
    async with House.open("2026-03-01T12:30:00Z") as house, signed_in(house) as person:
        policies = {"overlap": "allow", "catch_up_window": "1d"}
        made = await scheduled(house, recurrence="0 * * * *", policies=policies)
        place = f"/schedules/{made['id']}"
        form = await person.see(f"{place}/pause")
        await person.send(f"{place}/pause", form, note="month end", until="2026-03-02 09:00")
        page = await person.see(place)
        assert "month end</bdi>" in page
        assert "It goes on by itself at" in page
        await house.move("2026-03-01T15:30:00Z")
        asked = await person.see(f"{place}/resume")
        assert asked.count('<svg class="policy"') == 3
        await person.send(f"{place}/resume", asked, catch_up=choice)
        await house.move("2026-03-01T15:30:01Z")
        found = (await ask(house, "GET", f"{place}/fires"))["items"]
        assert len(found) == fires
        await person.send(f"{place}/pause", form, 400, until="yesterday")
        await person.send(f"{place}/pause", form, 400, catch_up="nonsense")
