"""How many runs that other engines have are looked at at a time, and of which targets."""

from itertools import count

from horarium.domain.look_shares import (
    FIRST_OF_TARGET,
    LONGEST_REST_MS,
    MOST_AT_ONCE,
    MOST_OF_TARGET,
    NEW,
    Standing,
    TargetLooks,
    UnderLook,
    turn_of_looks,
)

NOW = 1_000_000
GROWN = Standing(MOST_OF_TARGET)


def target(name, workspace="w", look_ms=NOW):
    return TargetLooks(name.encode(), workspace.encode(), 1.0, look_ms)


def turn(targets, under_look=None, standings=None, after=b""):
    return turn_of_looks(targets, NOW, under_look or {}, standings or {}, after)


def test_a_target_begins_with_few_looks_and_gets_more_while_its_engine_answers():
    stands = NEW
    assert turn([target("a")]).shares == {b"a": FIRST_OF_TARGET}
    for _ in range(9):
        stands = stands.after(True, NOW)
    assert turn([target("a")], standings={b"a": stands}).shares == {b"a": MOST_OF_TARGET}


def test_a_silent_target_gets_one_look_after_a_rest_that_grows_up_to_a_bound():
    stands, rests = GROWN, []
    for now in count(NOW, 5_000):
        stands = stands.after(False, now)
        rests.append(stands.rests_until - now)
        if rests[-1] == LONGEST_REST_MS:
            break
    assert stands.most == 1
    assert rests[0] == 1_000
    assert rests == sorted(rests)
    assert stands.after(True, NOW) == NEW
    resting = {b"a": Standing(1, NOW - 1, NOW + 5)}
    assert turn([target("a"), target("b", look_ms=NOW + 9)], standings=resting)[::2] == ({}, NOW + 5)


def test_a_target_that_is_under_look_waits_until_that_has_ended():
    found = turn([target("a"), target("b")], {b"a": UnderLook(b"w", 3)})
    assert list(found.shares) == [b"b"]
    assert found.next_ms is None


def test_no_workspace_ever_has_the_last_of_what_is_free():
    """Whatever comes first: workspace after workspace takes what it gets, and all its engines are silent."""
    under, of_workspace = {}, {}
    for number in range(8):
        workspace = f"w{number}".encode()
        for _ in range(20):
            targets = [
                TargetLooks(f"{number}-{len(under)}-{n}".encode(), workspace, 1.0, 0) for n in range(9)
            ]
            for name, share in turn(
                targets, under, dict.fromkeys((one.target for one in targets), GROWN)
            ).shares.items():
                under[name] = UnderLook(workspace, share)
                of_workspace[workspace] = of_workspace.get(workspace, 0) + share
    assert len(of_workspace) == 8
    assert sum(of_workspace.values()) < MOST_AT_ONCE
    assert max(of_workspace.values()) <= MOST_AT_ONCE / 2


def test_targets_of_one_workspace_take_turns():
    names = [f"{number:04}" for number in range(600)]
    seen, after = set(), b""
    for _ in range(5):
        order = [name for name in names if name.encode() > after] + [
            name for name in names if name.encode() <= after
        ]
        found = turn([target(name) for name in order], after=after)
        seen |= set(found.shares)
        after = found.after
        assert found.next_ms == NOW
    assert len(seen) == 600
