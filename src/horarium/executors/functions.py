"""Python functions that targets may name: the allow-list, and how a name becomes a function."""

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
    """The function is not allowed, not there, or cannot be imported; the message is a sentence about its
    name."""


@dataclass(frozen=True, slots=True)
class Function:
    """`asynchronous` ones run in our loop, the others in a process of their own."""

    name: str
    call: Callable[..., Any]
    asynchronous: bool


def refusal(name: object, allowed: Sequence[str]) -> str | None:
    """Why a name may not be used, from the name and the settings alone; None when it may."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        return 'must be written as "package.module:function"'
    if not allowed:
        return "cannot be used: the server's settings allow no function"
    module, _, function = name.partition(":")
    # A whole module is opened for what it offers, not for its private parts.
    if name in allowed or (f"{module}:*" in allowed and not function.startswith("_")):
        return None
    return f"names {name!r}, which the server's settings do not allow"


def resolve(name: str, allowed: Sequence[str]) -> Function:
    """Imports a function. Raises FunctionRefused."""
    wrong = refusal(name, allowed)
    if wrong:
        raise FunctionRefused(wrong)
    module_name, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except (Exception, SystemExit) as error:
        # Importing runs the module, so anything can be raised.
        kind = type(error).__name__
        raise FunctionRefused(f"names {module_name!r}, which cannot be imported ({kind})") from error
    if not callable(found):
        raise FunctionRefused(f"names {name!r}, which is not a function")
    if name not in allowed and getattr(found, "__module__", None) != module_name:
        # Opening a module opens what it defines, not everything it happens to import.
        raise FunctionRefused(f"names {name!r}, which is not defined in that module")
    called = found if inspect.isroutine(found) else found.__call__
    asynchronous = inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(called)
    return Function(name, found, asynchronous)
