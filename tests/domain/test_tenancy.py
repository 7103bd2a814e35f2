"""What a key allows, and what is stored of one."""

from dataclasses import replace

import pytest

from horarium.domain.errors import Forbidden
from horarium.domain.ids import random_id
from horarium.domain.restrictions import Restriction
from horarium.domain.tenancy import (
    EVERY_SCOPE,
    EVERY_TARGET,
    SCOPES,
    SERVER_SCOPE,
    Identity,
    Principal,
    PrincipalType,
    Workspace,
    is_key,
    key_hash,
    key_hint,
)

HOME, TARGET = random_id(0), random_id(0)
SOME = Identity(
    Workspace(HOME, "home", "Home", 0, 0),
    Principal(random_id(0), HOME, PrincipalType.SERVICE, "Bob", 0),
    random_id(0),
    frozenset({"runs:read"}),
    frozenset(),
)


def test_a_key_may_do_what_its_scopes_say_and_nothing_else():
    assert [scope for scope in SCOPES if SOME.may(scope)] == ["runs:read"]


def test_a_star_stands_for_every_scope_of_the_workspace_but_not_for_the_server():
    star = replace(SOME, scopes=frozenset({EVERY_SCOPE}))
    assert [scope for scope in SCOPES if not star.may(scope)] == [SERVER_SCOPE]


def test_the_scope_of_the_server_gives_nothing_within_the_workspace():
    server = replace(SOME, scopes=frozenset({SERVER_SCOPE}))
    assert [scope for scope in SCOPES if server.may(scope)] == [SERVER_SCOPE]


def test_what_is_missing_is_named():
    with pytest.raises(Forbidden, match=r"lacks the scope runs:write; it has runs:read") as caught:
        SOME.require("runs:write")
    assert caught.value.scope == "runs:write"
    SOME.require("runs:read")
    with pytest.raises(Forbidden, match="it has none"):
        replace(SOME, scopes=frozenset()).require("runs:read")


def test_without_a_grant_a_target_cannot_be_scheduled():
    assert not SOME.may_schedule(TARGET)
    with pytest.raises(Forbidden, match="Bob has no grant on the target nightly") as caught:
        SOME.require_target(TARGET, "nightly")
    assert caught.value.scope == ""


def test_a_grant_is_for_one_target_unless_it_is_for_all():
    granted = replace(SOME, granted=frozenset({TARGET}))
    granted.require_target(TARGET, "nightly")
    assert not granted.may_schedule(random_id(0))
    everything = replace(SOME, granted=frozenset({EVERY_TARGET}))
    everything.require_target(random_id(0), "any")


def test_a_workspace_without_a_zone_is_in_utc():
    assert SOME.workspace.timezone == "UTC"
    assert replace(SOME.workspace, settings={"timezone": "Asia/Tokyo"}).timezone == "Asia/Tokyo"


def test_a_key_is_stored_as_a_hash_and_recognised_by_its_last_characters():
    assert key_hash("hor_a") != key_hash("hor_b")
    assert key_hash("hor_a") == key_hash("hor_a")
    assert len(key_hash("hor_a")) == 32
    assert key_hint("hor_secret-wxyz") == "wxyz"
    key_hash("hor_\udcff")


@pytest.mark.parametrize(
    ("granted", "labels", "may"),
    [
        (True, {"team": "blue", "more": "x"}, True),
        (True, {"team": "red"}, False),
        (True, {}, False),
        (True, None, False),
        (False, {"team": "blue"}, False),
    ],
)
def test_a_restricted_key_schedules_a_target_with_its_labels_alone(granted, labels, may):
    blue = replace(
        SOME, granted=frozenset({TARGET} if granted else ()), restriction=Restriction(labels={"team": "blue"})
    )
    assert blue.may_schedule(TARGET, labels) is may
    if may:
        blue.require_target(TARGET, "nightly", labels)
    else:
        with pytest.raises(Forbidden):
            blue.require_target(TARGET, "nightly", labels)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("hor_" + "a" * 32, True),
        ("hor_" + "a" * 31, False),
        ("hor_" + "aZ0_-" * 24 + "abcd", True),
        ("hor_" + "a" * 125, False),
        ("hor_" + "a" * 31 + ".", False),
        ("xor_" + "a" * 32, False),
        ("hor_" + "a" * 32 + "\n", False),
    ],
)
def test_a_key_has_a_form_and_a_length(text, fine):
    assert is_key(text) is fine


def test_an_identity_that_follows_another_leaves_those_alone_that_were_made_of_it():
    parts = (
        SOME.workspace,
        SOME.principal,
        SOME.key_id,
        frozenset({"a"}),
        frozenset({TARGET}),
        5,
        Restriction(("t",)),
    )
    first = Identity(*parts)
    second = first.another()
    assert second == first
    second.follow(SOME)
    assert (second, first) == (SOME, Identity(*parts))
