"""Frozen dataclasses that are made faster.

The constructor of a frozen dataclass sets each field by its name, through `object.__setattr__`. With slots the field
can be set by its descriptor instead, which takes half the time: of a page with a thousand schedules that is a tenth.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """A frozen dataclass with slots and without `__post_init__`, with a constructor that is faster and takes the same.
    Stands before `@dataclass(frozen=True, slots=True)`."""
    known: dict[str, Any] = {}
    parameters, steps = ["self"], list[str]()
    for each in fields(kind):  # type: ignore[arg-type]
        name = each.name
        known[f"set_{name}"] = getattr(kind, name).__set__
        value, parameter = name, name
        if each.default is not MISSING:
            known[f"default_{name}"], parameter = each.default, f"{name}=default_{name}"
        elif each.default_factory is not MISSING:
            known[f"new_{name}"], parameter = each.default_factory, f"{name}=MISSING"
            value = f"new_{name}() if {name} is MISSING else {name}"
        parameters.append(parameter)
        steps.append(f"  set_{name}(self, {value})")
    given = ", ".join((*known, "MISSING"))
    text = f"def make({given}):\n def __init__({', '.join(parameters)}):\n" + "\n".join(steps)
    made: dict[str, Any] = {}
    exec(f"{text}\n return __init__", made)  # noqa: S102 - only the names of fields stand in it
    kind.__init__ = made["make"](**known, MISSING=MISSING)  # type: ignore[method-assign]
    return kind
