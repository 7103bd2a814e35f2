"""What the verdict on a steady run calls wrong."""

from __future__ import annotations

from tests.acceptance.steady import Minute, verdict


def minute(number: int, memory: float = 100.0, p50: float = 40.0, held_up: float = 0.1) -> Minute:
    return Minute(number, 6_000, p50, 2 * p50, 3 * p50, {"server": memory}, {"server": 0.1}, held_up)


SOUND = dict.fromkeys(range(100, 160), 100)


def test_a_sound_run_is_as_promised() -> None:
    assert verdict([minute(number) for number in range(60)], [], SOUND).wrong == []


def test_memory_that_grows_after_the_warm_up_is_wrong_and_before_its_end_is_not() -> None:
    grows = [minute(number, memory=100 + number / 2) for number in range(60)]
    assert verdict(grows, [], SOUND).wrong == ["the memory of the server has changed by +18.6%"]
    warm = [minute(number, memory=50.0 if number < 10 else 100.0) for number in range(60)]
    assert verdict(warm, [], SOUND).wrong == []


def test_lateness_that_grows_is_wrong() -> None:
    grows = [minute(number, p50=40.0 + number) for number in range(60)]
    assert verdict(grows, [], SOUND).wrong == ["the median lateness has grown from 54 to 94 ms"]


def test_fires_that_are_lost_or_come_twice_alerts_and_a_held_up_measurement_are_wrong() -> None:
    slots = {**SOUND, 110: 98, 120: 101}
    del slots[130]
    minutes = [minute(number) for number in range(59)] + [minute(59, held_up=40.0)]
    assert verdict(minutes, ["late"], slots).wrong == [
        "102 fires did not arrive",
        "1 fires arrived more than once",
        "a false alert: late",
        "in minute 59 this measurement itself was held up for 40 s: repeat it",
    ]
