"""`make` in a folder with a Python that is too old."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parent.parent / "Makefile"
# Says no to every question, and makes an environment if it is asked to: as an old Python would.
OLD = """#!/bin/sh
case "$1" in
-m) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
esac
exit 1
"""


def old_python(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OLD)
    path.chmod(0o755)
    return path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(MAKEFILE, folder)
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
    return subprocess.run(
        ["make", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("goal", ["demo", "setup"])
def test_an_old_python_is_refused_before_anything_is_made(tmp_path: Path, goal: str) -> None:
    found = make(tmp_path, goal, f"PYTHON={old_python(tmp_path / 'python3.9')}")
    assert found.returncode != 0
    assert "Python 3.11 or newer is needed: set PYTHON" in found.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("goal", ["demo", "setup"])
def test_an_environment_of_an_old_python_is_told(tmp_path: Path, goal: str) -> None:
    old_python(tmp_path / ".venv" / "bin" / "python")
    found = make(tmp_path, goal)
    assert found.returncode != 0
    assert ".venv was made by a Python older than 3.11: remove it with  make clean" in found.stdout
