"""The figures by which the server goes: every limit, time, size and count that a module names, in `figures.txt`.

Tests stand just below, at and above a limit by its name, so they move along when the limit itself becomes another one
by mistake. Here it stands still.

    python -m tests.figures
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "src/horarium"
PAGE = Path(__file__).parent / "figures.txt"
# The benchmark measures; nobody is served by its figures. Those of executors and audiences stand on the kept pages of
# these (`tests/support/bounds_told.py`).
LEFT_OUT = ("audiences", "bench", "executors", "__main__.py")


def figures() -> str:
    """A line for each figure: `path of the module NAME = value`."""
    return "".join(f"{path} {name} = {value!r}\n" for path, name, value in _figures())


def _figures() -> Iterator[tuple[str, str, Any]]:
    for file in sorted(SOURCE.rglob("*.py")):
        path = file.relative_to(SOURCE)
        if path.parts[0] in LEFT_OUT:
            continue
        names = [name for name in _assigned(file) if name.isupper()]
        if not names:
            continue
        parts = [*path.with_suffix("").parts]
        module = importlib.import_module(
            ".".join(["horarium", *(part for part in parts if part != "__init__")])
        )
        for name in names:
            value = getattr(module, name)
            if _is_figure(value):
                yield path.as_posix(), name, value


def _assigned(file: Path) -> Iterator[str]:
    """The names that a module gives a value."""
    for statement in ast.parse(file.read_text("utf-8")).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr())
            ):
                yield name
            case ast.Assign(targets=[ast.Tuple(elts=targets)]):
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_figure(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_figure, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


if __name__ == "__main__":
    PAGE.write_text(figures(), "utf-8")
