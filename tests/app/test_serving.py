"""How a server listens, and how it stops."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from horarium import __version__
from horarium.app import serve, serving
from horarium.domain.errors import Unavailable
from horarium.settings import Settings
from horarium.store.migrations import latest
from horarium.times import TZDATA_VERSION


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[uvicorn.Config, list[Any]]]:
    """What `serve` hands to uvicorn, which here answers nothing and stops at once."""
    given: list[tuple[uvicorn.Config, list[Any]]] = []

    async def stop(server: uvicorn.Server, sockets: list[Any]) -> None:
        given.append((server.config, [one.getsockname() for one in sockets]))
        server.should_exit = True
        for each in sockets:
            each.close()

    monkeypatch.setattr(uvicorn.Server, "serve", stop)
    return given


async def test_what_serves_is_set_up_by_the_settings_and_says_so(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = []
    real = serving.limited_protocol
    monkeypatch.setattr(serving, "limited_protocol", lambda given: (limits.append(given), real(given))[1])
    ready: list[Settings] = []
    settings = Settings(
        data=tmp_path, roles=("api",), port=0, drain=9.9, connections_per_address=5, poll=7.5,
        trusted_proxies=("10.0.0.1",), pages_address="127.0.0.1:0", lease=45.0,
    )  # fmt: skip
    with capture_logs() as told:
        await serve(settings, ready.append)
    ((config, names),) = served
    assert (config.timeout_graceful_shutdown, config.proxy_headers) == (9, True)
    assert config.forwarded_allow_ips == ["10.0.0.1"]
    assert [config.access_log, config.server_header, config.is_ssl] == [False] * 3
    assert [limit.per_address for limit in limits] == [5]
    (with_ports,) = ready
    assert [(host, port) for host, port in names] == [("127.0.0.1", with_ports.port), with_ports.pages_at]
    assert 0 not in {port for _, port in names}
    lines = {line["event"]: line for line in told}
    started = lines["started"]
    assert (started["version"], started["zone_data"], started["schema"]) == (
        __version__,
        TZDATA_VERSION,
        latest(),
    )
    assert started["address"] == f"http://127.0.0.1:{with_ports.port}"
    assert {"poll": "7.5", "roles": "api"}.items() <= started["settings"].items()
    assert (started["database"], started["admin_key_file"]) == ("sqlite", str(tmp_path / "admin.key"))
    assert told[-1]["event"] == "stopped"
    (tmp_path / "admin.key").unlink()
    with capture_logs() as told:
        await serve(replace(settings, trusted_proxies=(), pages_address=None))
    (started,) = [line for line in told if line["event"] == "started"]
    assert started["admin_key_file"] is None
    assert served[1][0].proxy_headers is False


async def test_nothing_of_a_server_that_stops_runs_on_and_streams_end_when_it_begins_to(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def shutdown(server: uvicorn.Server, sockets: Any = None) -> None:
        ended.append("server")

    await serve(Settings(data=tmp_path, roles=("api",), port=0))
    await asyncio.sleep(0)  # a task that is cancelled has its turn
    left = {getattr(task.get_coro(), "__name__", "") for task in asyncio.all_tasks()}
    assert "end_slow_connections" not in left
    monkeypatch.setattr(uvicorn.Server, "shutdown", shutdown)
    events: Any = SimpleNamespace(close=lambda: ended.append("streams"))
    further: Any = SimpleNamespace(stop=lambda: ended.append("further processes"))
    await serving._HttpServer(served[0][0], events, further).shutdown()
    assert ended == ["streams", "further processes", "server"]


async def test_a_certificate_that_cannot_be_used_is_told_and_an_old_tls_is_not_spoken(
    tmp_path: Path, served: list[tuple[uvicorn.Config, list[Any]]]
) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    bad = tmp_path / "no.pem"
    with pytest.raises(Unavailable, match=r"the TLS certificate .*no\.pem .* cannot be used"):
        await serve(Settings(data=tmp_path / "a", roles=("api",), port=0, tls_cert=bad, tls_key=bad))
    assert served == []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = (
        ssl.TLSVersion.MINIMUM_SUPPORTED
    )  # as a Python may be built, or OpenSSL be set up
    config: Any = SimpleNamespace(load=lambda: None, ssl=context)
    serving._load_certificate(config)
    assert config.ssl.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_an_address_that_is_taken_is_told_with_the_setting_that_gives_another(tmp_path: Path) -> None:
    taken = serving._listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}: .*; choose another --port"):
        await serve(Settings(data=tmp_path, port=port))
    with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}: .*another pages_address"):
        await serve(Settings(data=tmp_path, port=0, pages_address=f"127.0.0.1:{port}"))
    taken.close()
    assert list(tmp_path.iterdir()) == []
