"""Every part of the bench runs, small, and prints a line that says what it measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from horarium.bench import api, delivery, idle, inprocess, lateness, pages, peers, stage, storm, viewers
from horarium.bench.stage import Report


def sound(report: Report, part: str) -> dict[str, Any]:
    """The line's content; every line has figures of both sides and their ratio."""
    line = json.loads(report.line())
    assert (line["part"], line["database"]) == (part, "sqlite")
    assert line["ours"] > 0
    assert line["ceiling"] > 0
    assert line["ratio"] > 0
    assert line["unit"]
    return dict(line)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.tempfile, "tempdir", str(tmp_path))


async def test_storm_fires_what_is_due_and_leaves_nothing_behind(tmp_path: Path) -> None:
    line = sound(await storm.run(schedules=1_000, due=300), "storm")
    assert (line["schedules"], line["due"]) == (1_000, 300)
    assert list(tmp_path.iterdir()) == []


async def test_storm_can_be_measured_with_a_long_history() -> None:
    line = sound(await storm.run(schedules=600, due=300, runs=1_800), "storm")
    assert (line["runs"], line["due"]) == (1_800, 300)


async def test_inprocess_runs_a_function_for_each_schedule() -> None:
    assert sound(await inprocess.run(runs=300), "inprocess")["runs"] == 300


async def test_delivery_sends_every_run_once() -> None:
    assert sound(await delivery.run(runs=400), "delivery")["runs"] == 400


@pytest.mark.parametrize("spread", [True, False])
async def test_lateness_counts_every_fire_and_none_is_early(spread: bool) -> None:
    line = sound(await lateness.run(schedules=200, rate=20, seconds=2, spread=spread), "lateness")
    assert (line["delivered"], line["early"]) == (40, 0)
    assert line["p50_ms"] <= line["p99_ms"]


async def test_lateness_can_be_measured_while_the_api_is_asked_and_old_runs_are_deleted() -> None:
    line = sound(await lateness.run(schedules=50, rate=10, seconds=1, load=True, expired=600), "lateness")
    assert line["api_requests_per_s"] > 0
    assert (line["delivered"], line["expired"], line["told_deleted"]) == (10, 600, 600)


async def test_api_makes_and_reads_schedules_over_many_connections() -> None:
    reports = await api.run(seconds=0.6, bulk=200)
    assert [sound(report, "api")["what"] for report in reports] == ["create", "get", "bulk"]


async def test_idle_tells_what_a_server_at_rest_takes() -> None:
    line = sound(await idle.run(schedules=300, seconds=0.5), "idle")
    assert 0 < line["first_fire_s"] < 60


def test_a_ratio_of_something_that_should_be_small_says_how_much_of_the_ceiling_is_reached() -> None:
    assert json.loads(Report("x", "sqlite", 4.0, 2.0, "ms", less_is_better=True).line())["ratio"] == 0.5
    assert json.loads(Report("x", "sqlite", 2.0, 4.0, "runs/s").line())["ratio"] == 0.5


async def test_pages_asks_every_list_of_all_six_apis_of_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "TIMES", 1)
    reports = [sound(report, "pages") for report in await pages.run(schedules=1_000, runs=8_000)]
    asked = {report["what"]: report for report in reports}
    assert len(asked) == len(reports) > 70
    assert all(report["bytes"] > 0 and report["requests"] == 1 for report in reports)
    # What a page shows is there: the crowd has failed runs, paused schedules, open runs and objectives.
    empty = max(asked["runs, target without any"]["bytes"], asked["schedules, label, no match"]["bytes"])
    for what in ("runs, failed", "runs, pending", "schedules, paused (0.5 %)", "schedules, two labels (2 %)"):
        assert asked[what]["bytes"] > 2 * empty


async def test_viewers_look_at_pages_and_streams_while_runs_are_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(viewers, "PAGE_S", 0.3)
    line = sound(await viewers.run(schedules=50, rate=10, seconds=2, turns=1), "viewers")
    assert (line["delivered"], line["expected"]) == (40, 40)
    assert line["pages"] >= 10
    assert line["streamed_bytes"] > 0
    assert line["page_p50_ms"] > 0


@pytest.mark.parametrize("count", [1, 2, 3, 4, 99, 100, 101])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_below_a_quantile_lies_that_share_of_the_values(count: int, share: float) -> None:
    values = [float(value) for value in range(count)]
    found = lateness.quantile(values, share)
    assert sum(value < found for value in values) == int(count * share)
    assert (lateness.quantile([], share), lateness.quantile(values, 1.0)) == (0.0, values[-1])


@pytest.mark.parametrize(
    ("database", "packages", "node", "words"),
    [
        ("sqlite", ("pg-boss",), "node", "bench peers --database postgres"),
        ("postgres", (), "node", "npm install graphile-worker"),
        ("postgres", ("pg-boss",), None, "needs Node.js 22"),
    ],
)
async def test_peers_says_what_it_needs(
    database: str,
    packages: tuple[str, ...],
    node: str | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers.shutil, "which", lambda _: node)
    for package in packages:
        (tmp_path / "node_modules" / package).mkdir(parents=True)
    with pytest.raises(RuntimeError, match=words):
        await peers.run(database, packages=str(tmp_path))
