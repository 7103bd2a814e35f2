"""Templates: JSON values in whose texts `{{ path }}` stands for a value of the run.

A text that is exactly one placeholder becomes that value with its JSON type; anywhere else the value is
written into the text (null as nothing, objects and lists as JSON). What a value itself holds is never
expanded again. Paths are dotted: `input.contact.email`, `row.name`, `input.items.0`, `secrets.TOKEN`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.errors import Problem

Values = Mapping[str, Any]
Render = Callable[[Values], Any]
RenderText = Callable[[Values], str]

# What may follow each first word of a path; None where anything may, an empty set where nothing may.
ROOTS: Mapping[str, Collection[str] | None] = {
    "run": ("id", "kind", "fire", "row_key"),
    "schedule": ("id", "name", "timezone"),
    "slot": (),
    "due": (),
    "missed": ("count", "first", "last"),
    "attempt": (),
    "input": None,
    "row": None,
    "target": ("id", "name"),
    "workspace": ("id",),
    "callback": ("url", "token"),
    "variation": None,
    "environment": None,
}

_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_MAX_DEPTH = 50


class TemplateError(Exception):
    """A template asks for a value that this run does not have, or that does not fit where it stands."""


def check_template(value: Any, field: str, secret_names: Collection[str] = ()) -> list[Problem]:
    """Problems of every placeholder in a JSON value that can be found without a run."""
    return list(_problems(value, field, secret_names, 0))


def _problems(value: Any, field: str, secret_names: Collection[str], depth: int) -> Iterator[Problem]:
    if depth > _MAX_DEPTH:
        yield Problem(field, f"is nested more than {_MAX_DEPTH} deep")
    elif isinstance(value, str):
        yield from _text_problems(value, field, secret_names)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if "{{" in key:
                yield Problem(f"{field}.{key}", "has a placeholder in a name: only values may hold one")
            yield from _problems(inner, f"{field}.{key}", secret_names, depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _problems(inner, f"{field}.{index}", secret_names, depth + 1)


def _text_problems(text: str, field: str, secret_names: Collection[str]) -> Iterator[Problem]:
    if "{{" in _PLACEHOLDER.sub("", text):
        yield Problem(field, "opens a placeholder with {{ that is not closed with }}")
    for path in _PLACEHOLDER.findall(text):
        message = _path_problem(path, secret_names)
        if message:
            yield Problem(field, message, "unknown")


def _path_problem(path: str, secret_names: Collection[str]) -> str | None:
    first, *rest = path.split(".")
    if first == "secrets":
        known = len(rest) == 1 and rest[0] in secret_names
        return None if known else f"names {path!r}, which is not among the given secrets"
    if first not in ROOTS:
        return f"names {path!r}; a placeholder begins with one of {', '.join((*ROOTS, 'secrets'))}"
    allowed = ROOTS[first]
    if allowed is None:
        return f"names {path!r}, in which a part is empty" if "" in rest else None
    if rest and (len(rest) > 1 or rest[0] not in allowed):
        return f"names {path!r}; {first} has {', '.join(allowed) or 'no parts'}"
    return None


def has_placeholder(value: Any) -> bool:
    """Whether any text in a JSON value holds a placeholder."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(inner) for inner in value.values())
    return isinstance(value, list | tuple) and any(has_placeholder(inner) for inner in value)


def compile_value(template: Any) -> Render:
    """A function from a run's values to the filled-in JSON value. It raises TemplateError."""
    if isinstance(template, str | int | float | None) and not has_placeholder(template):
        return lambda values: template
    if not has_placeholder(template):
        # A fresh copy each time: whoever is given it may change it.
        fixed = orjson.dumps(template)
        return lambda values: orjson.loads(fixed)
    if isinstance(template, Mapping):
        fields = [(key, compile_value(inner)) for key, inner in template.items()]
        return lambda values: {key: render(values) for key, render in fields}
    if isinstance(template, list | tuple):
        items = [compile_value(inner) for inner in template]
        return lambda values: [render(values) for render in items]
    whole = _PLACEHOLDER.fullmatch(template)
    if whole and "}}" not in whole[1]:
        path = whole[1]
        return lambda values: look_up(values, path)
    return compile_text(template)


def compile_text(template: str, escape: Callable[[str], str] | None = None) -> RenderText:
    """A function from a run's values to the filled-in text; `escape` is applied to each inserted value."""
    pieces = _PLACEHOLDER.split(template)
    fixed, paths = pieces[::2], pieces[1::2]
    if not paths:
        return lambda values: template

    def render(values: Values) -> str:
        parts = [fixed[0]]
        for path, after in zip(paths, fixed[1:], strict=True):
            inserted = as_text(look_up(values, path))
            parts += (escape(inserted) if escape else inserted, after)
        return "".join(parts)

    return render


def look_up(values: Values, path: str) -> Any:
    """The value at a dotted path. A part of a known group that is null (no schedule, nothing missed) is
    null; a name that the input or the row does not have is an error, so that nobody is sent a letter with a
    hole in it."""
    value: Any = values
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif _is_list(value) and part.isascii() and part.isdigit() and int(part[:9]) < len(value):
            value = value[int(part[:9])]
        elif value is None and ROOTS.get(path.partition(".")[0]) is not None:
            return None
        else:
            raise TemplateError(f"the template names {path!r}, which this run does not have")
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def as_text(value: Any) -> str:
    """How a JSON value is written into a text."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
