"""What a key may be restricted to, and which restriction is narrower than another."""

import pytest

from horarium.domain.errors import Forbidden
from horarium.domain.restrictions import (
    UNRESTRICTED,
    Restriction,
    network_problems,
    restriction_from_text,
    restriction_to_text,
)

A, B = b"a" * 16, b"b" * 16
TEN = Restriction(networks=("10.0.0.0/8", "2001:db8::/32"))


def test_a_restriction_is_stored_and_read_again():
    whole = Restriction((A, B), {"team": "blue"}, ("10.0.0.0/8",))
    assert restriction_from_text(restriction_to_text(whole)) == whole
    assert restriction_to_text(UNRESTRICTED) == "{}"
    assert restriction_from_text("{}") is UNRESTRICTED


def test_targets_and_labels_must_both_be_right():
    blue = Restriction((A,), {"team": "blue"})
    assert blue.allows(A, {"team": "blue", "more": "x"})
    for target, labels in ((B, {"team": "blue"}), (A, {"team": "red"}), (A, {})):
        assert not blue.allows(target, labels)
    with pytest.raises(Forbidden, match="1 targets and schedules with the labels team:blue"):
        blue.refuse_other(B, {})
    assert UNRESTRICTED.allows(A, {})


@pytest.mark.parametrize("restricted", [Restriction((A,)), Restriction(labels={"team": "blue"})])
def test_what_is_beyond_all_targets_and_labels_is_refused_to_a_key_that_is_restricted_to_some(restricted):
    with pytest.raises(Forbidden):
        restricted.refuse_beyond()
    for key in (UNRESTRICTED, TEN):
        key.refuse_beyond()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("2001:db8::1", True), ("2001:db8::1%eth0", True),
     ("11.0.0.1", False), ("2001:db9::1", False), ("", False), (None, False), ("localhost", False)],
)  # fmt: skip
def test_only_addresses_in_a_named_network_are_allowed(address, allowed):
    assert TEN.allows_address(address) is allowed
    assert UNRESTRICTED.allows_address(address)


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        (UNRESTRICTED, TEN, True),
        (TEN, UNRESTRICTED, False),
        (TEN, Restriction(networks=("10.1.0.0/16",)), True),
        (TEN, Restriction(networks=("10.1.0.0/16", "11.0.0.0/8")), False),
        (Restriction((A, B)), Restriction((A,)), True),
        (Restriction((A,)), Restriction((A, B)), False),
        (Restriction((A,)), UNRESTRICTED, False),
        (Restriction(labels={"a": "1"}), Restriction(labels={"a": "1", "b": "2"}), True),
        (Restriction(labels={"a": "1"}), Restriction(labels={"a": "2"}), False),
    ],
)
def test_a_restriction_covers_only_what_is_restricted_at_least_as_much(outer, inner, covered):
    assert outer.covers(inner) is covered


def test_networks_must_be_networks():
    assert list(network_problems(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"])) == []
    for wrong in ("10.0.0.1/8", "ten", "::ffff:10.0.0.0/104", ""):
        assert [problem.field for problem in network_problems([wrong])] == ["networks"]


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        (TEN, Restriction(networks=("2001:db8:1::/48", "10.0.0.0/8")), True),
        (TEN, Restriction(networks=("0.0.0.0/0",)), False),
        (TEN, Restriction(networks=("::/0",)), False),
        (Restriction(networks=("10.0.0.0/8",)), Restriction(networks=("2001:db8::/32",)), False),
        (Restriction((A,), {"a": "1"}), Restriction((A,)), False),
        (Restriction((A,), {"a": "1"}), Restriction((A,), {"a": "1"}), True),
        (Restriction((A,), networks=("10.0.0.0/8",)), Restriction((A,)), False),
        (UNRESTRICTED, UNRESTRICTED, True),
    ],
)
def test_a_restriction_covers_another_in_each_of_its_parts(outer, inner, covered):
    assert outer.covers(inner) is covered


@pytest.mark.parametrize(
    ("restriction", "of_schedules"),
    [
        (UNRESTRICTED, False),
        (Restriction((A,)), True),
        (Restriction(labels={"a": "1"}), True),
        (TEN, False),
    ],
)
def test_only_targets_and_labels_restrict_what_may_be_done_with_schedules(restriction, of_schedules):
    assert restriction.of_schedules is of_schedules


@pytest.mark.parametrize(
    ("restriction", "words"),
    [
        (Restriction((A, B)), "this key is restricted to 2 targets"),
        (
            Restriction(labels={"a": "1", "b": "2"}),
            "this key is restricted to schedules with the labels a:1, b:2",
        ),
    ],
)
def test_a_refusal_says_what_the_key_is_restricted_to(restriction, words):
    with pytest.raises(Forbidden) as caught:
        restriction.refuse_other(b"c" * 16, {})
    assert str(caught.value) == words
    UNRESTRICTED.refuse_other(A, {})


def test_what_is_wrong_with_a_network_is_told_with_its_beginning():
    (problem,) = network_problems(["x" * 100])
    assert problem.message.startswith(f"'{'x' * 80}' is not a network such as")
    (problem,) = network_problems(["::ffff:10.0.0.0/104"])
    assert problem.message == "'::ffff:10.0.0.0/104' must be written as a network of IPv4"
