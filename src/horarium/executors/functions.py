"""The Python functions that targets may call: checks a name against the allow-list and imports the function."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_LONGEST_NAME = 500


class FunctionRefused(Exception):
    """The function is not allowed, does not exist, or cannot be imported.

    The message continues a sentence whose subject is the name, such as "names 'a:b', which is not a function".
    """


@dataclass(frozen=True, slots=True)
class Function:
    """A function that targets may call. If it is `asynchronous`, it runs in our event loop, otherwise in a process."""

    name: str
    call: Callable[..., Any]
    asynchronous: bool


def refusal(name: object, allowed: Sequence[str]) -> str | None:
    """Why a function's name is not allowed, or None if it is. Looks only at the name and the settings."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        return 'must be written as "package.module:function"'
    if not allowed:
        return "cannot be used: the server's settings allow no function (python_functions)"
    module, _, function = name.partition(":")
    # An entry for a whole module does not include its private functions.
    if name in allowed or (f"{module}:*" in allowed and not function.startswith("_")):
        return None
    return f"names {name!r}, which the server's settings do not allow (python_functions)"


def resolve(name: str, allowed: Sequence[str]) -> Function:
    """Imports a function by its name. Raises FunctionRefused."""
    wrong = refusal(name, allowed)
    if wrong:
        raise FunctionRefused(wrong)
    module_name, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except (Exception, SystemExit) as error:
        # Importing a module runs its code, which can raise anything.
        kind = type(error).__name__
        raise FunctionRefused(f"names {module_name!r}, which cannot be imported ({kind})") from error
    if not callable(found):
        raise FunctionRefused(f"names {name!r}, which is not a function")
    if name not in allowed and getattr(found, "__module__", None) != module_name:
        # An entry for a whole module includes only what the module defines, not what it imports.
        raise FunctionRefused(f"names {name!r}, which is not defined in that module")
    called = found if inspect.isroutine(found) else found.__call__
    asynchronous = inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(called)
    return Function(name, found, asynchronous)
