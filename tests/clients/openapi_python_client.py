"""Whether openapi-python-client makes a client from the description in which every operation has typed results.

`make generator` runs this with the Python of an environment that has openapi-python-client.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
# The generator knows JSON, texts and files. Lines of JSON are a file to it.
CONFIG = "content_type_overrides:\n  application/x-ndjson: application/octet-stream\n"
ANSWER = re.compile(r"^def sync_detailed\(.*?^\) -> Response\[(.*?)\]:", re.DOTALL | re.MULTILINE)


def operations() -> dict[str, bool]:
    """The operations of the description, and whether each answers with anything."""
    page = json.loads(PAGE.read_text("utf-8"))
    found = [path[method] for path in page["paths"].values() for method in METHODS if method in path]
    return {
        operation["operationId"]: any(
            "content" in answer for code, answer in operation["responses"].items() if code.startswith("2")
        )
        for operation in found
    }


def generate(folder: Path) -> Path:
    """Make the client; where it is. Raises CalledProcessError, and AssertionError where anything was left out."""
    (folder / "config.yml").write_text(CONFIG)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    given = [
        "--path",
        str(PAGE),
        "--config",
        str(folder / "config.yml"),
        "--output-path",
        str(folder / "client"),
    ]
    said = subprocess.run([*command, *given], check=True, capture_output=True, text=True)
    assert "WARNING" not in said.stdout + said.stderr, said.stdout + said.stderr
    return folder / "client"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        client = generate(Path(folder))
        modules = [path for path in (client / "api").glob("*/*.py") if path.name != "__init__.py"]
        answers = {path.stem: _answer(path) for path in modules}
    expected = {name.replace(".", "_").lower(): answers for name, answers in operations().items()}
    found = {name.replace("_", ""): answer for name, answer in answers.items()}
    for name, has_content in expected.items():
        answer = found[name.replace("_", "")]
        assert "Problem" in answer, f"{name} has no typed error: {answer}"
        assert not has_content or "Any" not in answer, f"{name} has no typed result: {answer}"
    assert len(found) == len(expected), sorted(found.keys() ^ expected.keys())
    silent = sum(not has_content for has_content in expected.values())
    print(f"{len(found)} operations, each with typed results and errors; {silent} answer nothing")


def _answer(module: Path) -> set[str]:
    found = ANSWER.search(module.read_text("utf-8"))
    assert found is not None, f"{module.name} has no answer"
    return {part.strip() for part in found[1].split("|")}


if __name__ == "__main__":
    main()
