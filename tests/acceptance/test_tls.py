"""A server with a certificate of its own speaks HTTPS, and nothing else."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import httpx
import pytest

from tests.cli.running import horarium, server
from tests.support.certificates import certificate


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_a_server_with_a_certificate_is_reached_by_https_only(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    with server(tmp_path / "data", "--tls-cert", str(cert), "--tls-key", str(key)) as url:
        assert url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{url}/healthz", verify=trusting).json()["status"] == "ok"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz")  # a client that does not know the certificate
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https", "http") + "/healthz")
        listed = horarium(
            "key", "list", "--url", url, "--data", str(tmp_path / "data"), SSL_CERT_FILE=str(cert)
        )
        assert listed.returncode == 0, listed.stderr
        assert "admin" in listed.stdout
        trusting.maximum_version = ssl.TLSVersion.TLSv1_2
        trusting.minimum_version = ssl.TLSVersion.TLSv1_2
        assert httpx.get(f"{url}/healthz", verify=trusting).status_code == 200
        _refuses_old_versions(int(url.rpartition(":")[2]))


def _refuses_old_versions(port: int) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port)) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(raw)


def test_what_cannot_be_used_as_a_certificate_is_told(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    _, other = certificate(tmp_path, "other")
    for pair in ((cert, other), (key, cert), (tmp_path / "missing", key)):
        options = ("--tls-cert", str(pair[0]), "--tls-key", str(pair[1]))
        ended = horarium("serve", "--data", str(tmp_path / "data"), "--port", "0", *options)
        assert ended.returncode != 0
        assert "cannot be used" in ended.stderr
        assert "Traceback" not in ended.stderr
    ended = horarium("serve", "--data", str(tmp_path / "data"), "--tls-cert", str(cert))
    assert "given together" in ended.stderr
