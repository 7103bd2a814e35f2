"""The clock of a node follows the database's, and is neither shaken by slow answers nor fooled by one sample."""

import pytest

from horarium.engine.clock import JUMP_MS, DatabaseClock


@pytest.fixture
def hands():
    return {"ns": 5_000_000_000}


@pytest.fixture
def clock(hands):
    clock = DatabaseClock(lambda: hands["ns"])
    assert clock.follow(1_000_000, 5_000) == 0
    return clock


def test_it_starts_at_the_databases_time_and_goes_on_with_the_monotonic_clock(clock, hands):
    assert clock.now_ms() == 1_000_000
    hands["ns"] += 2_500_000_000
    assert clock.now_ms() == 1_002_500


def test_before_the_first_sample_it_shows_the_monotonic_clock_and_waits_for_no_confirmation(hands):
    clock = DatabaseClock(lambda: hands["ns"])
    assert (clock.now_ms(), clock.uncertain, clock.jumps) == (5_000, False, 0)


def test_it_follows_a_drift(clock):
    assert clock.follow(1_000_010, 5_000) == 10
    assert clock.now_ms() == 1_000_010
    assert clock.jumps == 0


@pytest.mark.parametrize(("difference", "moved"), [(2, 0), (3, 3), (-2, 0), (-3, -3)])
def test_two_milliseconds_are_noise_and_three_are_not(clock, difference, moved):
    assert clock.follow(1_000_000 + difference, 5_000) == difference
    assert clock.now_ms() == 1_000_000 + moved


def test_a_difference_that_a_slow_answer_explains_moves_nothing(clock):
    clock.follow(1_000_040, 5_000, uncertain_ms=45)
    assert clock.now_ms() == 1_000_000
    clock.follow(999_960, 5_000, uncertain_ms=45)
    assert clock.now_ms() == 1_000_000


def test_a_jump_back_is_followed_at_once(clock):
    clock.follow(1_000_000 - 3_600_000, 5_000)
    assert clock.now_ms() == 1_000_000 - 3_600_000
    assert not clock.uncertain


def test_a_jump_far_ahead_is_held_until_a_second_sample_confirms_it(clock):
    ahead = 1_000_000 + 2 * JUMP_MS
    clock.follow(ahead, 5_000)
    assert clock.uncertain
    assert clock.now_ms() == 1_000_000
    clock.follow(ahead + 1_000, 6_000)
    assert not clock.uncertain
    assert clock.now_ms() == ahead


def test_a_jump_that_was_a_mistake_is_forgotten(clock):
    clock.follow(1_000_000 + 2 * JUMP_MS, 5_000)
    clock.follow(1_000_001, 5_001)
    assert not clock.uncertain
    assert clock.now_ms() == 1_000_000


class Answering:
    """A store whose answer takes its time: the monotonic clock goes on while it is asked."""

    def __init__(self, hands, database_ms, takes_ms):
        self.hands, self.database_ms, self.takes_ms = hands, database_ms, takes_ms

    async def now_ms(self):
        self.hands["ns"] += self.takes_ms * 1_000_000
        return self.database_ms


async def test_an_answer_that_took_long_is_believed_less(clock, hands):
    await clock.sample(Answering(hands, 1_000_100, 100))
    assert clock.now_ms() == 1_000_100
    await clock.sample(Answering(hands, 1_000_200, 0))
    assert clock.now_ms() == 1_000_200


async def test_what_an_answer_that_took_long_does_not_explain_is_followed(clock, hands):
    await clock.sample(Answering(hands, 1_000_500, 100))
    assert clock.now_ms() == 1_000_500


def test_a_process_frozen_while_it_asked_is_off_by_no_more_than_it_was(clock, hands):
    """35 s between question and answer, and a drift of 4 ms meanwhile: the drift is followed, half the wait is not."""
    hands["ns"] += 35_000_000_000
    clock.follow(1_035_000 + 4, 40_000 - 17_500, uncertain_ms=17_500)
    assert clock.now_ms() == 1_035_004


def test_the_first_sample_is_taken_for_the_earliest_time_that_it_may_mean(hands):
    clock = DatabaseClock(lambda: hands["ns"])
    clock.follow(1_000_000, 5_000, uncertain_ms=300)
    assert clock.now_ms() == 999_700


def test_a_clock_that_was_set_back_is_followed_to_the_earliest_time_that_it_may_be(clock, hands):
    """Half a millisecond each way, of a database whose clock went back by 700 ms: not one millisecond early."""
    hands["ns"] += 1_000_000_000
    clock.follow(1_001_000 - 700, 6_000, uncertain_ms=1)
    assert clock.now_ms() == 1_000_299


def test_a_jump_is_confirmed_only_by_a_sample_that_agrees_with_it(clock):
    clock.follow(1_000_000 + 2 * JUMP_MS, 5_000)
    clock.follow(1_000_000 + 5 * JUMP_MS, 5_000)
    assert clock.uncertain
    assert clock.now_ms() == 1_000_000
    clock.follow(1_000_001 + 5 * JUMP_MS, 5_001)
    assert not clock.uncertain
    assert clock.now_ms() == 1_000_000 + 5 * JUMP_MS


@pytest.mark.parametrize(("apart", "held"), [(JUMP_MS, False), (JUMP_MS + 1, True)])
def test_two_samples_agree_on_a_jump_if_they_are_a_minute_apart_at_most(clock, apart, held):
    clock.follow(1_000_000 + 2 * JUMP_MS, 5_000)
    clock.follow(1_000_000 + 2 * JUMP_MS + apart, 5_000)
    assert clock.uncertain == held


@pytest.mark.parametrize(("ahead", "held"), [(60_000, False), (60_001, True)])
@pytest.mark.parametrize("uncertain_ms", [0, 40])
def test_a_step_of_a_minute_is_followed_and_one_millisecond_more_is_held(clock, ahead, held, uncertain_ms):
    """What an answer that took long explains of it does not count."""
    clock.follow(1_000_000 + ahead + uncertain_ms, 5_000, uncertain_ms)
    assert clock.uncertain == held


async def test_a_sample_is_exact_however_long_the_machine_has_been_running(hands):
    hands["ns"] = 400 * 86_400 * 1_000_000_000
    clock = DatabaseClock(lambda: hands["ns"])
    await clock.sample(Answering(hands, 1_000_000, 0))
    assert clock.now_ms() == 1_000_000
