import pytest

from horarium.domain.overlap import Decision, Overlap, decide

LIMIT = 2


@pytest.mark.parametrize("policy", list(Overlap))
def test_with_nothing_in_flight_every_policy_starts(policy):
    assert decide(policy, 0, 0, LIMIT) is Decision.START


@pytest.mark.parametrize(
    ("policy", "in_flight", "waiting", "decision"),
    [
        (Overlap.ALLOW, 5, 0, Decision.START),
        (Overlap.SKIP, 1, 0, Decision.SKIP),
        (Overlap.BUFFER_ONE, 1, 0, Decision.WAIT),
        (Overlap.BUFFER_ONE, 1, 1, Decision.SKIP),
        (Overlap.BUFFER_ONE, 0, 1, Decision.SKIP),
        (Overlap.BUFFER_ALL, 1, 1, Decision.WAIT),
        (Overlap.BUFFER_ALL, 1, LIMIT, Decision.SKIP),
        (Overlap.CANCEL_OTHER, 1, 0, Decision.CANCEL_AND_WAIT),
        (Overlap.TERMINATE_OTHER, 1, 0, Decision.TERMINATE_AND_START),
    ],
)
def test_a_fire_that_meets_another_is_treated_as_its_policy_says(policy, in_flight, waiting, decision):
    assert decide(policy, in_flight, waiting, LIMIT) is decision


def test_a_fire_does_not_overtake_one_that_waits():
    assert decide(Overlap.BUFFER_ALL, 0, 1, LIMIT) is Decision.WAIT


@pytest.mark.parametrize(
    ("waiting", "decision"),
    [
        (0, Decision.HOLD),
        (1, Decision.HOLD_INSTEAD),
        (2, Decision.SKIP),  # buffered before an edit: skip drops none of them
    ],
)
def test_skip_holds_the_latest_fire_where_the_one_before_it_has_not_begun(waiting, decision):
    assert decide(Overlap.SKIP, 1, waiting, LIMIT, begun=False) is decision
    assert decide(Overlap.SKIP, 1, waiting, LIMIT, begun=True) is Decision.SKIP


@pytest.mark.parametrize("policy", [policy for policy in Overlap if policy is not Overlap.SKIP])
@pytest.mark.parametrize(("in_flight", "waiting"), [(0, 0), (1, 0), (1, 1), (2, LIMIT)])
def test_no_other_policy_asks_whether_the_fire_before_has_begun(policy, in_flight, waiting):
    found = decide(policy, in_flight, waiting, LIMIT, begun=False)
    assert found is decide(policy, in_flight, waiting, LIMIT, begun=True)
