"""The numbers by which modules are bounded: their constants, as they stand on kept pages."""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType
from typing import Any

from tests.support.kept_page import Page

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def tell_bounds(page: Page, package: ModuleType) -> None:
    """A line for each number, and each collection of numbers and texts, that a module of the package defines."""
    page.chapter("the numbers by which all this is bounded")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        written = [
            f"{name} = {_written(value)}"
            for name, value in vars(module).items()
            if _CONSTANT.fullmatch(name) and _is_plain(value)
        ]
        if written:
            page.case(found.name)
            page.say("\n".join(written))


def _is_plain(value: Any) -> bool:
    if isinstance(value, frozenset | tuple):
        return all(isinstance(item, str) or _is_plain(item) for item in value)
    return isinstance(value, int | float | re.Pattern)


def _written(value: Any) -> str:
    if isinstance(value, re.Pattern):
        return f"{value.pattern!r}, {value.flags}"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return repr(value)
