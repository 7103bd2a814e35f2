"""The functions of the other side that RQ's workers call."""

from __future__ import annotations

import time
from typing import Any

from rq import get_current_job

from tests.engines.counting import count


def make(team: str, month: str | None = None) -> dict[str, Any]:
    job = get_current_job()
    assert job is not None
    count(job.id)
    if team == "broken":
        raise ValueError("the team is broken")
    if team == "slow":
        time.sleep(60)
    return {"team": team, "month": month}


def whole(context: dict[str, Any]) -> dict[str, str]:
    count(context["run"]["id"])
    return {"of": context["run"]["id"]}
