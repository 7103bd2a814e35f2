"""Each query of the dashboard and each alert rule has data in a real Prometheus that reads servers under load.

`make prometheus` runs it; it needs Debian's package prometheus.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.prometheus import RATE_S, Watched, panels, rules, watched

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="needs Prometheus: apt-get install prometheus"
    ),
]
# Until rates over a quarter of a minute and a second answer of a slow target are there.
LOAD_S = 3 * RATE_S


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with watched(folder) as found:
        time.sleep(LOAD_S)
        yield found


def test_every_query_of_the_dashboard_has_data(servers: Watched) -> None:
    without = [
        f"{panel.title}: {query}"
        for panel in panels()
        for query, _ in panel.queries
        if not any(math.isfinite(float(one["value"][1])) for one in servers.prometheus.now(query))
    ]
    assert without == []


def test_every_alert_rule_looks_at_something_that_there_is(servers: Watched) -> None:
    without = [name for name, looked_at in rules().items() if not servers.prometheus.now(looked_at)]
    assert without == []


def test_every_alert_rule_is_evaluated_and_only_what_is_so_fires(servers: Watched) -> None:
    (group,) = servers.prometheus.get("/rules")["groups"]
    assert {rule["name"] for rule in group["rules"]} == rules().keys()
    assert {rule["health"] for rule in group["rules"]} == {"ok"}
    firing = {rule["name"] for rule in group["rules"] if rule["state"] == "firing"}
    assert firing == set()
    servers.second.kill()
    until = time.monotonic() + 60
    while "HorariumDown" not in firing:
        assert time.monotonic() < until
        time.sleep(1)
        (group,) = servers.prometheus.get("/rules")["groups"]
        firing = {rule["name"] for rule in group["rules"] if rule["state"] == "firing"}
