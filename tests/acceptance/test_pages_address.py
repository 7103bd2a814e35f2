"""A server whose metrics and pages have an address of their own listens at two, and tells them apart by the port."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx

from tests.cli.running import horarium, server

API = "/horarium/v1"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_metrics_and_pages_are_answered_at_their_own_address_only(tmp_path: Path) -> None:
    port = _free_port()
    config = tmp_path / "horarium.toml"
    config.write_text(f"pages_address = {json.dumps(f'127.0.0.1:{port}')}\n")
    with server(tmp_path / "data", "--config", str(config)) as url:
        pages = f"http://127.0.0.1:{port}"
        key = (tmp_path / "data" / "admin.key").read_text().strip()
        mine = {"Authorization": f"Bearer {key}"}
        for path, at_apis, at_pages in (
            ("/metrics", 404, 200),
            (f"{API}/docs", 404, 200),
            (f"{API}/openapi.json", 404, 200),
            (f"{API}/schedules", 200, 404),
            ("/healthz", 200, 200),
            ("/readyz", 200, 200),
        ):
            assert httpx.get(f"{url}{path}", headers=mine).status_code == at_apis, path
            assert httpx.get(f"{pages}{path}", headers=mine).status_code == at_pages, path


def test_an_address_for_pages_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = f"127.0.0.1:{taken.getsockname()[1]}"
        options = ("--data", str(tmp_path / "data"), "--port", "0")
        ended = horarium("serve", *options, HORARIUM_PAGES_ADDRESS=given)
    assert ended.returncode != 0
    assert "choose another pages_address" in ended.stderr
    assert "Traceback" not in ended.stderr
