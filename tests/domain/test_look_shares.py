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


def test_one_more_run_is_always_looked_at_for_a_workspace_that_has_none():
    for taken, shares in (
        (MOST_AT_ONCE - 1, {b"a": 1}),
        (MOST_AT_ONCE - 3, {b"a": 1}),
        (MOST_AT_ONCE - 4, {b"a": 2}),
        (MOST_AT_ONCE, {}),
    ):
        assert turn([target("a")], {b"x": UnderLook(b"other", taken)}).shares == shares
    # One that has some already gets half of what is left beyond its own, and nothing where that is none.
    for own, room, share in ((1, 3, 1), (1, 2, 0), (2, 3, 0), (2, 4, 1), (5, 15, 5)):
        under = {b"x": UnderLook(b"w", own), b"y": UnderLook(b"other", MOST_AT_ONCE - own - room)}
        assert turn([target("a")], under).shares == ({b"a": share} if share else {})


def test_looks_go_by_the_weight_of_workspaces():
    half = {b"x": UnderLook(b"other", MOST_AT_ONCE - 40)}
    targets = [TargetLooks(b"a", b"v", 1.0, NOW), TargetLooks(b"b", b"w", 3.0, NOW)]
    grown = {b"a": GROWN, b"b": GROWN}
    assert turn(targets, half, grown).shares == {b"a": 10, b"b": 20}


def test_a_target_is_looked_at_when_its_time_has_come_and_its_rest_is_over():
    for look_ms, rests_until, due in (
        (NOW, NOW, True),
        (NOW + 1, 0, False),
        (0, NOW + 1, False),
        (0, 0, True),
    ):
        found = turn([target("a", look_ms=look_ms)], standings={b"a": Standing(7, None, rests_until)})
        assert found.shares == ({b"a": 7} if due else {})
        assert found.next_ms == (None if due else NOW + 1)


def test_standings_double_up_to_a_bound_and_begin_anew_after_silence():
    assert [Standing(most).after(True, NOW).most for most in (1, 10, 49, 50, 51, 100)] == [
        2,
        20,
        98,
        100,
        100,
        100,
    ]
    silent = GROWN.after(False, NOW)
    assert silent == Standing(1, NOW, NOW + 1_000)
    later = silent.after(False, NOW + 80_000)
    assert later == Standing(1, NOW, NOW + 80_000 + LONGEST_REST_MS)


def test_who_comes_next_is_not_decided_by_targets_that_are_not_due_or_under_look():
    three = [target("a"), target("b", look_ms=NOW + 1), target("c")]
    assert turn(three).after == b"c"
    assert turn([target("a"), target("b"), target("c")], {b"b": UnderLook(b"other", 1)}).after == b"c"
    resting = {b"b": Standing(1, NOW - 1, NOW + 5)}
    assert turn([target("a"), target("b"), target("c")], standings=resting).after == b"c"
    assert turn([target("b", look_ms=NOW + 1), target("c")], after=b"a").after == b"c"
