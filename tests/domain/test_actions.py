"""What an action is done to, and why it goes no further."""

import pytest

from horarium.domain.actions import NOBODY, ActionKind, Standing

RUNS = {ActionKind.CANCEL, ActionKind.RETRY}


@pytest.mark.parametrize("kind", ActionKind)
def test_an_action_is_done_to_schedules_or_to_runs_and_has_a_name_for_what_was_done(kind):
    assert kind.of_runs is (kind in RUNS)
    assert kind.things == ("runs" if kind in RUNS else "schedules")
    assert kind.done.startswith(f"{kind.things}.")


FINE = Standing(None, None, None, None, None)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (FINE, None),
        (FINE._replace(workspace_deleted_ms=0), "the workspace was deleted while"),
        (FINE._replace(home_deleted_ms=0), "the workspace of the key"),
        (FINE._replace(principal_deleted_ms=0), "was revoked, or its principal deleted"),
        (FINE._replace(key_revoked_ms=0), "was revoked, or its principal deleted"),
        (FINE._replace(key_expires_ms=1_001), None),
        (FINE._replace(key_expires_ms=1_000), "has expired"),
        (FINE._replace(key_expires_ms=999), "has expired"),
        (NOBODY, "the workspace of the key"),
    ],
)
def test_an_action_goes_on_while_its_workspace_and_who_took_it_are_there(standing, words):
    refusal = standing.refusal(1_000)
    assert (refusal is None) if words is None else (words in (refusal or ""))
