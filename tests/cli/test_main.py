"""What a command says that could not do its work, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.cli import main as module


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only some systems have a file that is always full"
)
@pytest.mark.parametrize("command", [["next", "0 9 * * *"], ["next", "--batch"]])
def test_a_full_disk_under_the_output_is_told_in_a_sentence(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "horarium", *command],
            input="0 9 * * *\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, "horarium: writing failed: No space left on device\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(24, "Too many open files"), "the system refused: Too many open files"),
        (PermissionError(13, "Permission denied", "/a/b"), "the system refused: Permission denied (/a/b)"),
        (OSError("cannot tell why"), "the system refused: cannot tell why"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_what_the_system_refuses_is_told_in_a_sentence(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> None:
        raise error

    monkeypatch.setattr(module, "_run", run)
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert (ended.value.code, capsys.readouterr().err) == (1, f"horarium: {words}\n")


def test_a_closed_standard_stream_becomes_no_other_file_and_what_is_printed_goes_nowhere(
    tmp_path: Path,
) -> None:
    """A connection or the database with its number would be given what is printed, and SIGABRT by the event loop."""
    program = f"""
import os, sys
from horarium.cli import main
def run():
    print("a"); print("b", file=sys.stderr, flush=True)
    opened = os.open({str(tmp_path / "said")!r}, os.O_RDWR | os.O_CREAT)
    os.write(opened, f"{{opened > 2}} {{sys.stdin.read()!r}}".encode())
main._run = run
main.main()
"""

    def close_all() -> None:
        for stream in range(3):
            os.close(stream)

    ended = subprocess.run([sys.executable, "-c", program], preexec_fn=close_all, check=False)
    assert ended.returncode == 0
    assert (tmp_path / "said").read_text() == "True ''"
