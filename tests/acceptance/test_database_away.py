"""A node whose database is away says so, claims nothing, and goes on by itself when it is back."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.acceptance.chaos_nodes import ServedNode
from tests.acceptance.chaos_places import patiently, postgres_place


def test_a_node_without_its_database_is_not_ready_and_is_again_when_it_is_back(tmp_path: Path) -> None:
    with postgres_place() as place:
        node = ServedNode(tmp_path, "node-0", place.environment)
        node.start()
        try:
            node.wait_ready()

            def answered() -> tuple[int, int]:
                with httpx.Client(base_url=node.url, timeout=30) as client:
                    return client.get("/readyz").status_code, client.get("/healthz").status_code

            assert answered() == (200, 200)
            place.stop("immediate")
            assert patiently(lambda: answered() == (503, 200), 20), "alive, and not ready"
            detail = httpx.get(f"{node.url}/readyz", timeout=30).json()["detail"]
            assert "database" in detail
            assert patiently(lambda: "heartbeat_failed" in node.said(), 20), (
                "it tells how long its lease lasts"
            )
            place.start()
            assert patiently(lambda: answered() == (200, 200), 30), "ready again, without anybody's help"
            assert node.alive
            assert "Traceback" not in node.said()
            assert all(line.startswith("{") for line in node.said().splitlines() if "error" in line)
        finally:
            node.kill()
