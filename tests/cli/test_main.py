"""What a command says that could not do its work, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


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
