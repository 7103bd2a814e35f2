"""All zones and their transitions against the oracle, as many as fit: `instants_long.py` runs them all."""

from random import Random

import pytest

from horarium.times import zone_names
from tests.times.instants_long import SINCE, check_zone, transitions_of

SHARDS = 12
UNTIL = 2_208_988_800  # 2040


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_zone_agrees_with_brute_force_around_its_transitions(shard: int) -> None:
    random = Random(f"shard {shard}")
    for name in sorted(zone_names())[shard::SHARDS]:
        change = random.choice(transitions_of(name, SINCE, UNTIL) or [random.randrange(SINCE, UNTIL)])
        assert check_zone(name, [change], random, expressions=3) == []
