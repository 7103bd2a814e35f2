"""The audit log from the command line, against a server of its own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from horarium.cli import audit
from horarium.cli.failure import Failure
from tests.cli.printing import printed
from tests.cli.running import horarium, invoked, server


def test_the_log_is_listed_exported_verified_and_erased_from(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server(data) as url:

        def run(*arguments: str) -> tuple[int, str]:
            ended = horarium(*arguments, "--url", url, "--data", str(data))
            return ended.returncode, ended.stdout if ended.returncode == 0 else ended.stderr

        key = json.loads(run("key", "create", "reports", "--scope", "runs:read", "--json")[1])
        assert run("key", "revoke", key["id"])[0] == 0
        assert "key.revoked" in run("audit", "list", "--subject", key["id"])[1]
        listed = json.loads(run("audit", "list", "--action", "key", "--json")[1])
        assert [entry["action"] for entry in listed] == ["key.revoked", "key.created", "key.created"]

        first = json.loads(run("audit", "verify", "--json")[1])
        assert (first["verified"], first["problems"]) == (True, [])
        assert run("key", "create", "more", "--scope", "runs:read")[0] == 0
        assert run("audit", "verify", "--noted", first["note"])[0] == 0
        number, _, _ = first["note"].partition(":")
        status, said = run("audit", "verify", "--noted", f"{number}:{'00' * 32}")
        assert status == 1
        assert "does not verify" in said
        assert run("audit", "verify", "--noted", "nonsense")[0] == 2

        lines = run("audit", "export")[1].splitlines()
        assert json.loads(lines[0])["action"] == "workspace.created"
        proof = tmp_path / "proof.ndjson"
        proof.write_text(run("audit", "export", "--proof")[1])
        assert json.loads(run("audit", "erase", key["principal"], "--json")[1])["erased"] > 0
        assert json.loads(run("audit", "verify", "--json")[1])["erased"] > 0
    # Without the server, and after somebody has changed a word.
    for noted, status in ((first["note"], 0), (f"{number}:{'00' * 32}", 1)):
        assert horarium("audit", "verify", "--file", str(proof), "--noted", noted).returncode == status
    proof.write_text(proof.read_text().replace("reports", "repairs"))
    assert horarium("audit", "verify", "--file", str(proof)).returncode == 1
    assert horarium("audit", "verify", "--file", str(tmp_path / "missing")).returncode == 2


@pytest.mark.parametrize(
    ("problems", "told"), [(1, "1 problem was"), (2, "2 problems were"), (21, "21 problems were")]
)
def test_all_problems_are_counted_and_the_first_of_them_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, problems: int, told: str
) -> None:
    found = SimpleNamespace(
        problems=[f"problem {number}" for number in range(problems)],
        links=1, entries=2, erased=0, anchor=SimpleNamespace(number=0), number=2, hash=b"",
    )  # fmt: skip
    monkeypatch.setattr(audit, "_verified", lambda lines, expected: found)
    (tmp_path / "proof").touch()
    out, err, code = printed(["audit", "verify", "--file", str(tmp_path / "proof"), "--json"])
    assert json.loads(out)["problems"] == found.problems[:20]
    assert (f"does not verify: {told} found" in err, code) == (True, 1)


HEAD = b'{"anchor":{"number":0,"hash":""},"workspace":"00","last":{"number":0}}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "the export is empty"),
        (b"{", "line 1 is not JSON"),
        (b"[1]", "line 1 cannot be read (list indices"),
        (b"{}", "line 1 has no 'anchor'"),
        (HEAD.replace(b'"last"', b'"least"'), "line 1 has no 'last'"),
        (HEAD.replace(b'"00"', b'"no"'), "line 1 cannot be read (non-hexadecimal"),
        (HEAD + b"\xff", "line 2 cannot be read ('utf-8' codec"),
        (HEAD + b'{"number":1}', "line 2 has no 'digests'"),
    ],
)
def test_what_is_no_export_is_told_with_its_line_and_what_would_be_one(
    text: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "log.ndjson").write_bytes(text)
    told = invoked(["audit", "verify", "--file", str(tmp_path / "log.ndjson")]).exception
    assert isinstance(told, Failure)
    assert str(told).startswith(words)
    assert str(told).endswith("; it must be what `horarium audit export --proof` writes")
