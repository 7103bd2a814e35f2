"""A Celery application of the other side: its tasks count how often each was run. A worker of it is a process.

The environment says where its broker is (CELERY_BROKER), and its results (CELERY_RESULTS).
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

from tests.engines.counting import count

app = Celery("reports", broker=os.environ.get("CELERY_BROKER"), backend=os.environ.get("CELERY_RESULTS"))
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
)


@app.task(name="reports.make", bind=True)
def make(self: Any, team: str, month: str | None = None) -> dict[str, Any]:
    count(self.request.id)
    if team == "broken":
        raise ValueError("the team is broken")
    return {"team": team, "month": month, "run": self.request.get("Horarium-Run")}


@app.task(name="reports.whole")
def whole(context: dict[str, Any]) -> dict[str, str]:
    count(context["run"]["id"])
    return {"of": context["run"]["id"]}
