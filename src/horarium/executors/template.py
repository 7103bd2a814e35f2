"""Templates: JSON values whose texts contain placeholders. `{{ path }}` is replaced by a value of the run.

If a text is exactly one placeholder, the value replaces the whole text and keeps its JSON type. In all other texts
the value is written into the text: null as nothing, objects and lists as JSON. A placeholder inside a value is not
replaced. Paths are dotted: `input.contact.email`, `row.name`, `input.items.0`, `secrets.TOKEN`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import orjson

from horarium.domain.errors import Problem
from horarium.executors.checks import shortened

Values = Mapping[str, Any]
Render = Callable[[Values], Any]
RenderText = Callable[[Values], str]
Rendered = TypeVar("Rendered")

# The first words of a path, and which names may follow each. None means any name, and an empty tuple means no name.
ROOTS: Mapping[str, Collection[str] | None] = {
    "run": ("id", "label", "uuid", "kind", "fire", "row_key"),
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

# Limits of a template. Templates come from requests and are checked in the server's event loop, so the check must not
# take long. The limits are: characters of one text, values and placeholders in the whole template, characters of a
# path, and levels of nesting.
MAX_TEXT = 1024 * 1024
MAX_VALUES = 50_000
MAX_PLACEHOLDERS = 1_000
MAX_PATH = 500
MAX_DEPTH = 50

# How many problems of a template are reported.
MAX_PROBLEMS = 20

# How many bytes placeholders may add to a template. This is not checked for a template with only a few placeholders:
# it cannot reach the limit, because each value comes from one request body.
MAX_FILLED = 16 * 1024 * 1024
_FEW_PLACEHOLDERS = 4

# More bytes than any value has that is not the caller's, such as an id, a name or an instant.
_OF_THE_SERVER = 300


class TemplateError(Exception):
    """A template uses a value that this run does not have, or that is not allowed in this place."""


def check_template(
    value: Any,
    field: str,
    secret_names: Collection[str] = (),
    roots: Mapping[str, Collection[str] | None] = ROOTS,
) -> list[Problem]:
    """The problems of a template that can be found without a run, at most MAX_PROBLEMS of them.

    `field` is the name under which they are reported. `secret_names` are the secrets that the template may use, and
    `roots` the first words of its other placeholders.
    The check takes time in proportion to the size of the template, and stops at the limits above.
    """
    problems: list[Problem] = []
    try:
        # Added one at a time, so that the problems found before a limit was reached are reported too.
        problems.extend(islice(_Check(secret_names, roots).problems(value, _Place(field)), MAX_PROBLEMS))
    except _TooLarge as error:
        problems.append(Problem(field, str(error), "too_long"))
    return problems


class _TooLarge(Exception):
    """A template exceeds a limit, so the rest of it is not checked."""


class _Place:
    """The place of a value in a template. Its text is made only for a problem, because names may be very long."""

    __slots__ = ("_above", "_name")

    def __init__(self, name: str | int, above: _Place | None = None) -> None:
        self._name, self._above = name, above

    def inside(self, name: str | int) -> _Place:
        """The place of a member of this value."""
        return _Place(name, self)

    def __str__(self) -> str:
        own = shortened(str(self._name))
        return own if self._above is None else f"{self._above}.{own}"


class _Check:
    """Checks one template, and counts its values and placeholders."""

    def __init__(self, secret_names: Collection[str], roots: Mapping[str, Collection[str] | None]) -> None:
        self._secret_names = frozenset(secret_names)
        self._roots = roots
        self._values = 0
        self._placeholders = 0

    def problems(self, value: Any, place: _Place, depth: int = 0) -> Iterator[Problem]:
        """The problems of a value and of everything in it. Raises _TooLarge."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise _TooLarge(f"has more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            yield Problem(str(place), f"is nested more than {MAX_DEPTH} levels deep")
        elif isinstance(value, str):
            yield from self._in_text(value, place)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if "{{" in key:
                    yield Problem(
                        str(place.inside(key)),
                        "has a placeholder in a name: only values may contain placeholders",
                    )
                yield from self.problems(inner, place.inside(key), depth + 1)
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                yield from self.problems(inner, place.inside(index), depth + 1)

    def _in_text(self, text: str, place: _Place) -> Iterator[Problem]:
        if "{{" not in text:
            return
        if len(text) > MAX_TEXT:
            raise _TooLarge(f"has a text of more than {MAX_TEXT} characters")
        for before, path in _pieces(text):
            if path is None:
                if "{{" in before:
                    yield Problem(
                        str(place), "has a placeholder that begins with {{ but does not end with }}"
                    )
                return
            self._placeholders += 1
            if self._placeholders > MAX_PLACEHOLDERS:
                raise _TooLarge(f"has more than {MAX_PLACEHOLDERS} placeholders")
            message = _path_problem(path, self._secret_names, self._roots)
            if message:
                yield Problem(str(place), message, "unknown")


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The pieces of a text: for each placeholder the text before it and its path, and last the remaining text and None.

    Each character is read only once.
    """
    start = 0
    while (opened := text.find("{{", start)) >= 0:
        closed = text.find("}}", opened + 2)
        if closed < 0:
            break
        yield text[start:opened], text[opened + 2 : closed].strip()
        start = closed + 2
    yield text[start:], None


def without_placeholders(text: str, instead: str) -> str:
    """The text with `instead` in place of every placeholder."""
    return instead.join(before for before, _ in _pieces(text))


def _path_problem(
    path: str, secret_names: Collection[str], roots: Mapping[str, Collection[str] | None]
) -> str | None:
    if len(path) > MAX_PATH:
        return f"has a placeholder of more than {MAX_PATH} characters"
    shown = repr(shortened(path))
    first, *rest = path.split(".")
    if first == "secrets":
        known = len(rest) == 1 and rest[0] in secret_names
        return None if known else f"names {shown}, which is not one of the given secrets"
    if first not in roots:
        return f"names {shown}; a placeholder begins with one of {', '.join((*roots, 'secrets'))}"
    allowed = roots[first]
    if allowed is None:
        return f"names {shown}, which has an empty part" if "" in rest else None
    if rest and (len(rest) > 1 or rest[0] not in allowed):
        return f"names {shown}; {first} has {', '.join(allowed) or 'no parts'}"
    return None


def has_placeholder(value: Any) -> bool:
    """Whether any text in a JSON value contains a placeholder."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(inner) for inner in value.values())
    return isinstance(value, list | tuple) and any(has_placeholder(inner) for inner in value)


def compile_value(template: Any) -> Render:
    """Compiles a template to a function from a run's values to the finished JSON value.

    The function raises TemplateError if the run does not have a value, or if the values are too large.
    """
    paths: list[str] = []
    render = _compiled(template, paths)
    return _fixed(template) if render is None else _bounded(render, paths)


def compile_text(
    template: str, escape: Callable[[str], str] | None = None, longest: int | None = None
) -> RenderText:
    """Compiles a template to a function from a run's values to the finished text.

    `escape` is applied to each value before it is inserted. `longest` is how many characters the text may have. The
    function raises TemplateError if the run does not have a value, or if the values are too large.
    """
    paths: list[str] = []
    render = _compiled_text(template, paths, escape, longest)
    return _bounded(render, paths) if paths else render


def _compiled(template: Any, paths: list[str]) -> Render | None:
    """The function that fills in a template, or None if the template has no placeholder.

    Adds the paths of all placeholders to `paths`. It visits each value only once.
    """
    if isinstance(template, str):
        if "{{" not in template:
            return None
        pieces = list(_pieces(template))
        if len(pieces) == 2 and pieces[0][0] == pieces[1][0] == "":
            whole = pieces[0][1] or ""
            paths.append(whole)
            return lambda values: look_up(values, whole)
        return _compiled_text(template, paths)
    if isinstance(template, Mapping):
        by_name = {key: _compiled(inner, paths) for key, inner in template.items()}
        if all(render is None for render in by_name.values()):
            return None
        fields = [(key, render or _fixed(template[key])) for key, render in by_name.items()]
        return lambda values: {key: render(values) for key, render in fields}
    if isinstance(template, list | tuple):
        found = [_compiled(inner, paths) for inner in template]
        if all(render is None for render in found):
            return None
        items = [render or _fixed(inner) for render, inner in zip(found, template, strict=True)]
        return lambda values: [render(values) for render in items]
    return None


def _fixed(template: Any) -> Render:
    if isinstance(template, str | int | float | None):
        return lambda values: template
    # A new copy each time, because the caller may change it.
    data = orjson.dumps(template)
    return lambda values: orjson.loads(data)


def _compiled_text(
    template: str, paths: list[str], escape: Callable[[str], str] | None = None, longest: int | None = None
) -> RenderText:
    *filled, (last, _) = _pieces(template)
    if not filled:
        return lambda values: template
    pieces = [(before, path or "") for before, path in filled]
    paths += (path for _, path in pieces)

    def render(values: Values) -> str:
        parts: list[str] = []
        length = len(last)
        for before, path in pieces:
            inserted = as_text(look_up(values, path))
            if (
                longest is not None and len(inserted) > longest - length
            ):  # before it is escaped, which takes longer
                raise TemplateError(f"what a template makes is longer than {longest} characters")
            parts += (before, escape(inserted) if escape else inserted)
            length += len(before) + len(parts[-1])
        return "".join((*parts, last))

    return render


def _bounded(render: Callable[[Values], Rendered], paths: Sequence[str]) -> Callable[[Values], Rendered]:
    """The same function with a check that large values are not written into too many places."""
    if len(paths) <= _FEW_PLACEHOLDERS:
        return render
    times = Counter(paths)

    def bounded(values: Values) -> Rendered:
        size = 0
        for path, count in times.items():  # no further than it may go: many paths may lead to one large value
            size += count * _size(look_up(values, path))
            if size > MAX_FILLED:
                words = f"the values of the template's placeholders are more than {MAX_FILLED} bytes together"
                raise TemplateError(words)
        return render(values)

    return bounded


class Filling:
    """How much the templates of a configuration make of a run, told before anything is made."""

    __slots__ = ("_longest_secret", "_secrets", "_text", "_times")

    def __init__(self, config: Any, secrets: Values, times: Counter[str]) -> None:
        self._times, self._secrets = times, secrets
        self._text = len(orjson.dumps(config))
        self._longest_secret = max(map(_size, secrets.values()), default=0)

    @classmethod
    def of(cls, config: Any, secrets: Values) -> Filling | None:
        """That of a configuration, with the secrets that its templates may use; None where it has no placeholder."""
        times = Counter(_paths_in(config))
        return cls(config, secrets, times) if times else None

    def at_most(self, given: int) -> int:
        """Bytes, roughly, that are made at most of a run that gives so many. This costs nothing."""
        longest = max(given, self._longest_secret, _OF_THE_SERVER)
        return self._text + min(self._times.total() * longest, MAX_FILLED)

    def bytes_of(self, values: Values) -> int:
        """Bytes, roughly, that are made of a run. `values` are those that may be large: the caller's."""
        known, size = {**values, "secrets": self._secrets}, 0
        for path, count in self._times.items():
            try:
                large = path.partition(".")[0] in known
                size += count * (_size(look_up(known, path)) if large else _OF_THE_SERVER)
            except TemplateError:
                continue  # nothing is made then
            if size > MAX_FILLED:
                break
        return self._text + min(size, MAX_FILLED)


def _paths_in(config: Any) -> Iterator[str]:
    """The paths of all placeholders in a configuration."""
    if isinstance(config, str):
        if "{{" in config:
            yield from (path for _, path in _pieces(config) if path is not None)
    elif isinstance(config, Mapping | list | tuple):
        for inner in config.values() if isinstance(config, Mapping) else config:
            yield from _paths_in(inner)


def _size(value: Any) -> int:
    """About how many bytes a value has when it is written as JSON."""
    if isinstance(value, str):
        return len(value)
    return len(orjson.dumps(value)) if isinstance(value, Mapping | list | tuple) else 8


def look_up(values: Values, path: str) -> Any:
    """The value at a dotted path.

    If a group of the context is null, its parts are null too: `schedule.id` is null for a run without a schedule. If
    the input or the row does not have a name, this raises TemplateError, so that nobody gets a message with a gap.
    """
    value: Any = values
    for part in path.split("."):
        # Nearly always it is a dict, which the first comparison tells in a fifth of the time.
        if (type(value) is dict or isinstance(value, Mapping)) and part in value:
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
    """The text that is inserted for a JSON value: nothing for null, a text unchanged, and JSON for everything else."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
