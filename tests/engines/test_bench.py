"""`horarium bench handoff`, small: each run is in the engine, and the line has figures of both sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from horarium.bench import handoff, stage


@pytest.mark.parametrize("engine", handoff.ENGINES)
async def test_handoff_gives_each_run_to_the_engine_and_leaves_nothing_behind(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.tempfile, "tempdir", str(tmp_path))
    line = json.loads((await handoff.run(engine=engine, runs=400)).line())
    assert (line["part"], line["engine"], line["runs"]) == ("handoff", engine, 400)
    assert line["ours"] > 0
    assert line["ceiling"] > 0
    assert line["acknowledged"] >= line["ours"] >= line["with_release"] > 0
    assert line["herd_s"] > 0
    assert list(tmp_path.iterdir()) == []


async def test_an_engine_that_is_not_known_is_told() -> None:
    with pytest.raises(RuntimeError, match="the engines are nats, celery, rq, redis"):
        await handoff.run(engine="kafka")
