"""What the source imports is declared in pyproject.toml and pinned in constraints.txt, and nothing else is."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "horarium"
CLIENT = ROOT / "clients" / "python"
OURS = ("horarium", "horarium_client")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# Used without an import of ours: uvicorn picks its HTTP parser by name, and of fastapi-offline only files are read.
USED_WITHOUT_IMPORT = {"httptools", "fastapi-offline"}

# What only a part of the source may import, and the extra that brings it. The benchmarks compare with other
# libraries, and leave them out where they are not installed.
PARTS = {
    "executors/llm": "agents",
    "bench": "dev",
    "watchdog": "alerts",
    "worker/tracing": "otel",
    "service/database_spans": "otel",
    "backup": "s3",
}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    """The distributions in a list such as ["sqlalchemy[asyncio]"]."""
    return {normalised(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}


# Of each package that is installed, the distributions that bring it.
DISTRIBUTIONS = packages_distributions()
RUNTIME = names(PROJECT["dependencies"])
EXTRAS = {extra: names(listed) for extra, listed in PROJECT["optional-dependencies"].items()}


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports, without the standard library and our own."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            package = module.partition(".")[0]
            if package not in sys.stdlib_module_names and package not in OURS:
                yield package


def distributions(package: str) -> set[str]:
    """The distributions that bring a package."""
    return {normalised(name) for name in DISTRIBUTIONS.get(package, [package])}


def allowed_in(path: Path) -> set[str]:
    place = path.relative_to(SOURCE).as_posix()
    extras = [extra for part, extra in PARTS.items() if place.startswith((f"{part}/", f"{part}."))]
    return RUNTIME.union(*(EXTRAS[extra] for extra in extras))


def test_a_file_imports_only_what_is_declared_for_it() -> None:
    undeclared = [
        (path.relative_to(SOURCE).as_posix(), package)
        for path in SOURCE.rglob("*.py")
        for package in imported(path)
        if not distributions(package) & allowed_in(path)
    ]
    assert undeclared == []


def test_the_client_needs_the_same_without_the_server_and_nothing_of_the_server() -> None:
    needed = {package for path in (CLIENT / "src").rglob("*.py") for package in imported(path)}
    alone = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (
        names(alone["dependencies"])
        == {name for package in needed for name in distributions(package)}
        <= RUNTIME
    )
    assert all("from horarium." not in path.read_text("utf-8") for path in (CLIENT / "src").rglob("*.py"))


def test_the_wheel_and_the_image_of_the_server_bring_the_client_of_their_version() -> None:
    alone = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))["project"]
    assert alone["version"] == PROJECT["version"]
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    for place in tools["setuptools"]["packages"]["find"]["where"]:
        assert f"COPY {place} {place}\n" in (ROOT / "deploy" / "Containerfile").read_text("utf-8"), place
        assert f"!{place}\n" in (ROOT / ".dockerignore").read_text("utf-8"), place


def test_nothing_is_declared_that_the_source_does_not_use() -> None:
    used = {
        name for path in SOURCE.rglob("*.py") for package in imported(path) for name in distributions(package)
    }
    assert RUNTIME - used == USED_WITHOUT_IMPORT


def test_every_declared_package_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = names([line for line in lines if line and not line.startswith("#")])
    assert RUNTIME.union(*EXTRAS.values()) - pinned == set()
