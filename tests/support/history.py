"""An earlier version of the program out of git's history, run by this interpreter and with its installed packages.

previous = Earlier.of("0df1dd7", folder)       # raises NoHistory where git does not have that commit
node.start(**previous.environment)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]


class NoHistory(Exception):
    """Git does not have what is asked for; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The source of an earlier version, in a folder of its own."""

    commit: str
    source: Path

    @classmethod
    def of(cls, commit: str, folder: Path) -> Earlier:
        """Write the source of a commit into a folder. Nothing is installed, and no network is needed."""
        git = ["git", "-C", str(ROOT), "archive", "--format=tar", commit, "src", "pyproject.toml"]
        try:
            found = subprocess.run(git, capture_output=True, check=False)
        except FileNotFoundError:
            raise NoHistory("the earlier version is in git's history, and there is no git") from None
        if found.returncode:
            raise NoHistory(
                f"the earlier version is the commit {commit}, which this copy of the history does not have "
                f"({found.stderr.decode().strip()}): get the whole history with  git fetch --unshallow"
            )
        with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
            archive.extractall(folder, filter="data")
        earlier = cls(commit, folder / "src")
        _describe(folder)
        return earlier

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which `python -m horarium` is this version."""
        return {"PYTHONPATH": str(self.source)}

    def latest(self) -> int:
        """The number of its newest schema."""
        code = "import horarium.store.migrations as m; print(m.__file__, m.latest(), sep='\\n')"
        said = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        file, number = said.stdout.splitlines()
        assert Path(file).is_relative_to(self.source), f"{file} is not the earlier version"
        return int(number)


def _describe(folder: Path) -> None:
    """Say beside the source what it offers, as an installation does: executors, dialects and so on are found by it."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    described = folder / "src" / f"{project['name']}-{project['version']}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, offered in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {where}" for name, where in offered.items())]
    (described / "entry_points.txt").write_text("\n".join(lines) + "\n")
