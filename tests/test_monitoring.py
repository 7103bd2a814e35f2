"""What the documents of an operator name exists."""

import re
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from horarium.api.figures import HttpFigures
from horarium.engine.figures import LoopFigures, engine_metrics, process_metrics
from horarium.events.deliverer import Deliverer
from horarium.events.figures import event_metrics
from horarium.service.metrics import Metrics, _lane_queues
from horarium.settings import Settings
from horarium.store.verbs.figures import Present
from horarium.watchdog.checks import Limits
from horarium.worker.figures import CANCELLED, OUTCOMES, SUCCEEDED, lane_metrics, worker_metrics
from horarium.worker.lanes import Lanes
from tests.support.inline_store import InlineSqliteStore

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"\bhorarium_[a-z0-9_]+\b")
PLACES = ["docs/operate/monitoring.md", "deploy/prometheus-rules.yml", "deploy/grafana-dashboard.json"]
# Names of an example that are no figures.
OTHER = {"horarium_"}


def exposed() -> set[str]:
    """The names of all samples that any server shows, and of their families."""
    store = InlineSqliteStore(lambda: 0)
    with closing(store.connection):
        return _exposed(store)


def _exposed(store: InlineSqliteStore) -> set[str]:
    metrics = Metrics(store, SimpleNamespace(now_ms=lambda: 0))
    metrics._present = Present((), None, None, 0, 0, 0, 0, 0, 0)
    lanes = Lanes(1, 1, 1)
    lanes._time = lambda: 0.0
    worker = SimpleNamespace(lanes=lanes, figures=lanes.figures, reports={})
    lease = SimpleNamespace(held=True, left_s=1.0, lapses=0)
    clock = SimpleNamespace(now_ms=lambda: 0, uncertain=False, jumps=0)
    families = [
        *metrics._of_store(),
        *metrics._of_present(),
        *_lane_queues([], 0, None),
        *HttpFigures().metrics(),
        *engine_metrics(
            SimpleNamespace(figures=SimpleNamespace(releases_failed=0, forgotten=0, behind_since=None))
        ),
        *process_metrics(LoopFigures(), clock, lease),
        *worker_metrics(worker, 0),
        *lane_metrics(worker, None),
        *event_metrics(Deliverer(store, clock, b"node", None, None)),
    ]
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    for family in families:
        if family.type in ("histogram", "summary"):
            names |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
    return {"horarium_info" if name == "horarium" else name for name in names}


@pytest.mark.parametrize("place", PLACES)
def test_every_figure_that_is_named_exists(place: str) -> None:
    named = set(NAMED.findall((ROOT / place).read_text("utf-8"))) - OTHER
    assert named - exposed() == set()
    assert named


def test_every_figure_is_described() -> None:
    described = set(NAMED.findall((ROOT / "docs/operate/monitoring.md").read_text("utf-8")))
    families = {name for name in exposed() if not name.endswith(("_bucket", "_sum", "_count"))}
    assert families - described == set()


def test_the_alert_rules_and_the_watchdog_tell_of_the_same_delays():
    rules = yaml.safe_load((ROOT / "deploy/prometheus-rules.yml").read_text())["groups"][0]["rules"]
    bounds = {rule["alert"]: float(rule["expr"].split()[-1]) for rule in rules}
    limits = Limits()
    assert bounds["HorariumSlotsLate"] == limits.late_ms / 1000
    assert bounds["HorariumQueueAges"] == limits.queue_ms / 1000
    assert bounds["HorariumBackupOld"] == 2 * Settings().backup_every * 3_600


def test_what_a_target_has_taken_and_what_somebody_has_cancelled_is_no_failed_attempt():
    rules = yaml.safe_load((ROOT / "deploy/prometheus-rules.yml").read_text())["groups"][0]["rules"]
    (expr,) = [rule["expr"] for rule in rules if rule["alert"] == "HorariumAttemptsFail"]
    (good,) = re.findall(r'outcome!~"([^"]+)"', expr)
    assert set(good.split("|")) == {SUCCEEDED, "accepted", CANCELLED} <= set(OUTCOMES)
