"""How long the engine waits after a failure."""

from horarium.engine.loops import LEASE_S, pause_after_trouble
from horarium.store.postgres.hosts import NEXT_AFTER_S

GOES_ON_WITHIN_S = 1.0


def test_a_node_releases_again_within_a_second_of_writes_being_possible():
    """Where the server that was the primary last says nothing, and the lease had lapsed. A quarter of the time is left
    for the connection and the release itself."""
    assert pause_after_trouble(1.0) + NEXT_AFTER_S + LEASE_S <= 0.75 * GOES_ON_WITHIN_S


def test_nodes_do_not_come_all_at_once_to_a_database_that_has_just_started():
    soonest, latest = pause_after_trouble(0.0), pause_after_trouble(1.0)
    assert 0.05 < soonest < pause_after_trouble(0.5) < latest
    assert latest - soonest >= 0.2
