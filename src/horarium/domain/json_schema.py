"""JSON Schema, draft 2020-12: schemas of callers, checked when they are given and applied to values, within a budget.

Both the schema and the value are foreign, and their sizes multiply. So every keyword is charged for what it looks at,
before it looks, and a check that would cost more than its budget is given up with `TooMuchWork`. A step is about a
microsecond. Nothing is fetched for a `$ref`, and messages show no more than the beginning of a value.

Not supported, and refused when a schema is given: the keywords in `UNSUPPORTED`. `format` is an annotation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

import orjson

from horarium.domain.patterns import BadPattern, Pattern, compiled

UNSUPPORTED = frozenset({"patternProperties", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef"})
# How many schemas may be under way inside each other.
DEEPEST = 150
# What is slower than a step is charged as several.
_BYTES_IN_A_STEP = 500
_URI_STEPS = 10
_URI_BYTES_IN_A_STEP = 5
_FRACTION_STEPS = 10
_MISMATCH_STEPS = 10
_PATTERN_STEPS = 50
_BAD_PATTERN_STEPS = 5_000

Path = tuple[str | int, ...]
Found = Sequence["Mismatch"]
_NONE: Found = ()


class TooMuchWork(Exception):
    """The check would take more steps than its budget has."""


class Unresolvable(Exception):
    """`reference` names nothing in the schema."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(reference)


class Mismatch(NamedTuple):
    """Something that is wrong: its place in the value (or in the schema), and words that go on from there."""

    path: Path
    message: str


class Budget:
    """The steps that a check may still take."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises TooMuchWork."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork


def schema_mismatches(schema: Any, budget: Budget) -> Found:
    """What is wrong with a schema, wherever it stands in it; paths are those of the schema. Raises TooMuchWork."""
    found: list[Mismatch] = []
    document = _Document(schema, budget)
    waiting: list[tuple[Any, Path, _Resource]] = [(schema, (), document.root)]
    seen: set[int] = set()
    while waiting:
        part, path, resource = waiting.pop()
        if isinstance(part, bool) or id(part) in seen:
            continue
        seen.add(id(part))
        if not isinstance(part, Mapping):
            found.append(Mismatch(path, "must be a schema: an object, true or false"))
            continue
        budget.spend(1 + len(part))
        resource = document.entered(part, resource)
        for word, argument in part.items():
            if word in UNSUPPORTED:
                found.append(Mismatch(path, f"uses {word}, which is not supported here"))
            elif word in _SHAPES:
                message = _SHAPES[word](argument, budget)
                if message:
                    found.append(Mismatch((*path, word), message))
        waiting += [(inner, (*path, *step), resource) for step, inner in _subschemas(part)]
        reference = part.get("$ref")
        if isinstance(reference, str):
            try:  # what is referred to may stand where nobody would look for a schema
                referred, where = document.resolve(reference, resource)
                waiting.append((referred, (*path, "$ref"), where))
            except Unresolvable:
                pass  # told when the schema is applied
    return found


def value_mismatches(schema: Any, value: Any, budget: Budget) -> Found:
    """What is wrong with a value, by a schema that `schema_mismatches` has nothing against.

    Raises TooMuchWork and Unresolvable.
    """
    document = _Document(schema, budget)
    return _Check(document, budget).apply(schema, value, (), document.root, 0)


# References


class _Resource(NamedTuple):
    """A schema with a URI of its own, to which the references inside it are relative."""

    uri: str
    schema: Any


class _Document:
    """A whole schema, and what references in it name."""

    def __init__(self, schema: Any, budget: Budget) -> None:
        self._budget = budget
        self.root = _Resource(_uri_of(schema, ""), schema)
        self._index: dict[str, _Resource] | None = None

    def entered(self, schema: Mapping[str, Any], resource: _Resource) -> _Resource:
        """The resource that a schema belongs to, as it is come upon in `resource`."""
        if "$id" not in schema or schema is resource.schema:
            return resource
        self._spend_on_uri(schema["$id"])
        return _Resource(_uri_of(schema, resource.uri), schema)

    def resolve(self, reference: str, resource: _Resource) -> tuple[Any, _Resource]:
        """What a reference names, and the resource it is part of. Raises Unresolvable."""
        self._spend_on_uri(reference)
        if reference == "#" or reference.startswith("#/"):
            return _at(resource.schema, reference), resource
        try:
            uri, _, fragment = urljoin(resource.uri, reference).partition("#")
        except ValueError:
            raise Unresolvable(reference) from None
        named = self._named()
        if fragment and not fragment.startswith("/"):
            found = named.get(f"{uri}#{unquote(fragment)}")
            if found is None:
                raise Unresolvable(reference)
            return found.schema, named[uri]
        if uri not in named:
            raise Unresolvable(reference)
        return _at(named[uri].schema, f"#{fragment}"), named[uri]

    def _named(self) -> Mapping[str, _Resource]:
        """Everything with a `$id` or an `$anchor`, by URI."""
        if self._index is None:
            self._index = {"": self.root, self.root.uri: self.root}
            waiting: list[tuple[Any, _Resource]] = [(self.root.schema, self.root)]
            while waiting:
                part, resource = waiting.pop()
                if not isinstance(part, Mapping):
                    continue
                self._budget.spend(1 + len(part))
                resource = self.entered(part, resource)
                self._index.setdefault(resource.uri, resource)
                if isinstance(part.get("$anchor"), str):
                    self._index[f"{resource.uri}#{part['$anchor']}"] = _Resource(resource.uri, part)
                waiting += [(inner, resource) for _, inner in _subschemas(part)]
        return self._index

    def _spend_on_uri(self, uri: Any) -> None:
        self._budget.spend(_URI_STEPS + (len(uri) // _URI_BYTES_IN_A_STEP if isinstance(uri, str) else 0))


def _uri_of(schema: Any, base: str) -> str:
    given = schema.get("$id") if isinstance(schema, Mapping) else None
    if not isinstance(given, str):
        return base
    try:
        return urljoin(base, given).partition("#")[0]
    except ValueError:
        return base


def _at(schema: Any, pointer: str) -> Any:
    """What a JSON pointer, written as a fragment, names. Raises Unresolvable."""
    found = schema
    for part in unquote(pointer).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, TypeError, ValueError):
            raise Unresolvable(pointer) from None
    return found


# Where schemas stand in schemas, and what shape the arguments of keywords have

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_ONE_SCHEMA = frozenset(
    {"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"}
)
_SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMA_MAPS = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})

Shape = Callable[[Any, Budget], str | None]


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The schemas directly in a schema, with their places."""
    for word, argument in schema.items():
        if word in _ONE_SCHEMA:
            yield (word,), argument
        elif word in _SCHEMA_LISTS and isinstance(argument, list):
            yield from (((word, place), inner) for place, inner in enumerate(argument))
        elif word in _SCHEMA_MAPS and isinstance(argument, Mapping):
            yield from (((word, name), inner) for name, inner in argument.items())


def _is(kind: str, words: str) -> Shape:
    matches = _TYPES[kind]
    return lambda argument, _: None if matches(argument) else f"must be {words}"


def _type_shape(argument: Any, _: Budget) -> str | None:
    names = argument if isinstance(argument, list) else [argument]
    known = len(names) <= len(_TYPES) and all(isinstance(name, str) and name in _TYPES for name in names)
    if known and names and len(set(names)) == len(names):
        return None
    return f"must be one of {', '.join(_TYPES)}, or a list of different ones"


def _length_shape(argument: Any, _: Budget) -> str | None:
    return None if _TYPES["integer"](argument) and argument >= 0 else "must be a whole number, 0 or more"


def _multiple_shape(argument: Any, _: Budget) -> str | None:
    return None if _TYPES["number"](argument) and argument > 0 else "must be a number above 0"


def _pattern_shape(argument: Any, budget: Budget) -> str | None:
    if not isinstance(argument, str):
        return "must be a string"
    try:
        _compiled(argument, budget)
    except BadPattern as error:
        return f"has the pattern {_shown(argument)}, which {error}"
    return None


def _compiled(text: str, budget: Budget) -> Pattern:
    """Raises BadPattern."""
    try:
        pattern = compiled(text)
    except BadPattern:
        budget.spend(_BAD_PATTERN_STEPS)
        raise
    budget.spend(_PATTERN_STEPS + pattern.size)
    return pattern


def _names_shape(argument: Any, budget: Budget) -> str | None:
    if isinstance(argument, list):
        budget.spend(len(argument))
        if all(isinstance(name, str) for name in argument) and len(set(argument)) == len(argument):
            return None
    return "must be a list of different strings"


def _dependent_shape(argument: Any, budget: Budget) -> str | None:
    if isinstance(argument, Mapping) and not any(_names_shape(names, budget) for names in argument.values()):
        return None
    return "must be an object of lists of different strings"


def _schemas_shape(argument: Any, _: Budget) -> str | None:
    return None if isinstance(argument, list) and argument else "must be a list of schemas that is not empty"


_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(_SCHEMA_LISTS, _schemas_shape),
    **dict.fromkeys(_SCHEMA_MAPS, _is("object", "an object of schemas")),
    **dict.fromkeys(
        ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), _is("number", "a number")
    ),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems", "maxProperties"), _length_shape),
    **dict.fromkeys(("minProperties", "maxContains", "minContains"), _length_shape),
    **dict.fromkeys(("$ref", "$id", "$anchor", "$schema", "$comment"), _is("string", "a string")),
    **dict.fromkeys(("title", "description", "format"), _is("string", "a string")),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _is("boolean", "true or false")),
    **dict.fromkeys(("enum", "examples"), _is("array", "a list")),
    "type": _type_shape,
    "multipleOf": _multiple_shape,
    "pattern": _pattern_shape,
    "required": _names_shape,
    "dependentRequired": _dependent_shape,
}


# Applying a schema


@dataclass(frozen=True, slots=True)
class _Here:
    """Where a check has come to: the schema a keyword stands in, the place of the value, the resource, the depth."""

    schema: Mapping[str, Any]
    path: Path
    resource: _Resource
    depth: int


@dataclass(frozen=True, slots=True)
class _Check:
    document: _Document
    budget: Budget
    patterns: dict[str, Pattern] = field(default_factory=dict)

    def apply(self, schema: Any, value: Any, path: Path, resource: _Resource, depth: int) -> Found:
        """What is wrong with `value` at `path`."""
        if schema is True:
            return _NONE
        if schema is False:
            return [Mismatch(path, "is not allowed here")]
        self.budget.spend(1 + len(schema))
        if depth > DEEPEST:
            raise TooMuchWork
        here = _Here(schema, path, self.document.entered(schema, resource), depth + 1)
        found: Found = _NONE
        for word, argument in schema.items():
            keyword = _KEYWORDS.get(word)
            if keyword is not None and (keyword.type is None or isinstance(value, keyword.type)):
                wrong = keyword.check(self, argument, value, here)
                if wrong:
                    found = [*found, *wrong] if found else wrong
        return found

    def within(self, schema: Any, value: Any, here: _Here, *step: str | int) -> Found:
        """As `apply`, from a keyword."""
        return self.apply(schema, value, (*here.path, *step), here.resource, here.depth)

    def wrong(self, here: _Here, message: str) -> Found:
        """One mismatch at the place of the value."""
        self.budget.spend(_MISMATCH_STEPS)
        return [Mismatch(here.path, message)]

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values are equal for JSON: 1 is 1.0, and true is not 1."""
        self.budget.spend(1)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(self.same(*pair) for pair in zip(one, other, strict=True))
        if isinstance(one, dict) and isinstance(other, dict):
            self.budget.spend(len(one))
            return one.keys() == other.keys() and all(self.same(one[name], other[name]) for name in one)
        if isinstance(one, str):
            self.budget.spend(len(one) // _BYTES_IN_A_STEP)
        if isinstance(one, bool) or isinstance(other, bool):
            return one is other
        return bool(one == other)

    def plain(self, value: Any) -> Any:
        """A value written so that equal ones are written equally."""
        self.budget.spend(1)
        if isinstance(value, str):
            self.budget.spend(len(value) // _BYTES_IN_A_STEP)
        elif isinstance(value, list):
            return [self.plain(element) for element in value]
        elif isinstance(value, dict):
            return {name: self.plain(element) for name, element in value.items()}
        elif isinstance(value, float) and value.is_integer() and -(1 << 63) <= value < 1 << 64:
            return int(value)
        return value


def _type(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    names = argument if isinstance(argument, list) else [argument]
    if any(_TYPES[name](value) for name in names):
        return _NONE
    wanted = " or ".join(_WITH_ARTICLE[name] for name in names)
    return check.wrong(here, f"must be {wanted}, not {_shown(value)}")


def _enum(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    if any(check.same(each, value) for each in argument):
        return _NONE
    listed = ", ".join(_shown(each) for each in argument[:10])
    return check.wrong(
        here, f"must be one of {listed}{' ...' if len(argument) > 10 else ''}, not {_shown(value)}"
    )


def _const(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    return _NONE if check.same(argument, value) else check.wrong(here, f"must be {_shown(argument)}")


def _limit(holds: Callable[[Any, Any], bool], words: str) -> Apply:
    """A keyword that compares a number with its argument."""

    def applied(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
        if isinstance(value, bool) or holds(value, argument):
            return _NONE
        return check.wrong(here, f"must be {words} {_shown(argument)}, not {_shown(value)}")

    return applied


def _size(holds: Callable[[Any, Any], bool], words: str, unit: str) -> Apply:
    """A keyword that compares a length with its argument."""

    def applied(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
        if holds(len(value), argument):
            return _NONE
        return check.wrong(here, f"must have at {words} {_shown(argument)} {unit}, not {len(value)}")

    return applied


def _multiple_of(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    if isinstance(value, bool):
        return _NONE
    if isinstance(value, int) and isinstance(argument, int):
        holds = value % argument == 0
    else:  # as it is written in decimals: 0.3 is a multiple of 0.1
        check.budget.spend(_FRACTION_STEPS)
        holds = Fraction(repr(value)) % Fraction(repr(argument)) == 0
    if holds:
        return _NONE
    return check.wrong(here, f"must be a multiple of {_shown(argument)}, not {_shown(value)}")


def _pattern(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    pattern = check.patterns.get(argument)
    if pattern is None:
        try:
            pattern = check.patterns[argument] = _compiled(argument, check.budget)
        except BadPattern as error:
            return check.wrong(here, f"cannot be checked: the pattern {_shown(argument)} {error}")
    check.budget.spend(pattern.cost(value))
    if pattern.found_in(value):
        return _NONE
    return check.wrong(here, f"must match the pattern {_shown(argument)}, and {_shown(value)} does not")


def _unique_items(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    """In one pass over texts, whose hashes no sender can foresee."""
    if argument is not True:
        return _NONE
    check.budget.spend(2 * len(value))
    texts = {orjson.dumps(check.plain(element), option=orjson.OPT_SORT_KEYS) for element in value}
    return _NONE if len(texts) == len(value) else check.wrong(here, "must have no two equal elements")


def _items(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    first = here.schema.get("prefixItems")
    start = len(first) if isinstance(first, list) else 0
    check.budget.spend(max(0, len(value) - start))
    found: list[Mismatch] = []
    if argument is True:
        return found
    for place in range(start, len(value)):
        found += check.within(argument, value[place], here, place)
    return found


def _prefix_items(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    found: list[Mismatch] = []
    for place, (schema, element) in enumerate(zip(argument, value, strict=False)):
        check.budget.spend(1)
        found += check.within(schema, element, here, place)
    return found


def _contains(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(value))
    count = sum(not check.within(argument, element, here) for element in value)
    least, most = here.schema.get("minContains", 1), here.schema.get("maxContains")
    if count >= least and (most is None or count <= most):
        return _NONE
    limits = f"at least {_shown(least)}" + ("" if most is None else f" and at most {_shown(most)}")
    return check.wrong(here, f"must contain {limits} elements of the kind asked for, not {count}")


def _properties(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(min(len(argument), len(value)))
    names = argument if len(argument) <= len(value) else value
    found: list[Mismatch] = []
    for name in names:
        if name in value and name in argument:
            found += check.within(argument[name], value[name], here, name)
    return found


def _additional_properties(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(value))
    if argument is True:
        return _NONE
    known = here.schema.get("properties") or {}
    further = [name for name in value if name not in known]
    if argument is False and further:
        listed = ", ".join(_shown(name) for name in further[:3])
        more = f" and {len(further) - 3} more" if len(further) > 3 else ""
        return check.wrong(here, f"must not have the properties {listed}{more}")
    return [wrong for name in further for wrong in check.within(argument, value[name], here, name)]


def _property_names(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(value))
    for name in value:
        wrong = check.within(argument, name, here)
        if wrong:
            return check.wrong(here, f"has the property {_shown(name)}, whose name {wrong[0].message}")
    return _NONE


def _required(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(argument))
    found: list[Mismatch] = []
    for name in argument:
        if name not in value:
            found += check.wrong(here, f"must have the property {_shown(name)}")
    return found


def _dependent_required(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(argument))
    found: list[Mismatch] = []
    for name in argument:
        if name in value:
            found += _required(check, argument[name], value, here)
    return found


def _dependent_schemas(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(argument))
    return [
        wrong for name in argument if name in value for wrong in check.within(argument[name], value, here)
    ]


def _all_of(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(argument))
    return [wrong for schema in argument for wrong in check.within(schema, value, here)]


def _any_of(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    nearest: Found = _NONE
    for schema in argument:
        check.budget.spend(1)
        wrong = check.within(schema, value, here)
        if not wrong:
            return _NONE
        nearest = wrong
    if len(argument) == 1:
        return nearest
    return check.wrong(here, f"fits none of the {len(argument)} schemas of which one must fit")


def _one_of(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    check.budget.spend(len(argument))
    fitting = sum(not check.within(schema, value, here) for schema in argument)
    if fitting == 1:
        return _NONE
    words = f"fits {fitting or 'none'} of the {len(argument)} schemas of which exactly one must fit"
    return check.wrong(here, words)


def _not(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    if check.within(argument, value, here):
        return _NONE
    return check.wrong(here, "fits a schema that it must not fit")


def _if(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    branch = "else" if check.within(argument, value, here) else "then"
    return check.within(here.schema[branch], value, here) if branch in here.schema else _NONE


def _reference(check: _Check, argument: Any, value: Any, here: _Here) -> Found:
    schema, resource = check.document.resolve(argument, here.resource)
    return check.apply(schema, value, here.path, resource, here.depth)


Apply = Callable[[_Check, Any, Any, _Here], Found]


class _Keyword(NamedTuple):
    """What a keyword finds wrong, and the type of the values that it is about (None: of any)."""

    check: Apply
    type: Any = None


_NUMBER = (int, float)
_KEYWORDS: Mapping[str, _Keyword] = {
    "type": _Keyword(_type),
    "enum": _Keyword(_enum),
    "const": _Keyword(_const),
    "maximum": _Keyword(_limit(lambda value, limit: value <= limit, "at most"), _NUMBER),
    "minimum": _Keyword(_limit(lambda value, limit: value >= limit, "at least"), _NUMBER),
    "exclusiveMaximum": _Keyword(_limit(lambda value, limit: value < limit, "below"), _NUMBER),
    "exclusiveMinimum": _Keyword(_limit(lambda value, limit: value > limit, "above"), _NUMBER),
    "multipleOf": _Keyword(_multiple_of, _NUMBER),
    "maxLength": _Keyword(_size(lambda size, limit: size <= limit, "most", "characters"), str),
    "minLength": _Keyword(_size(lambda size, limit: size >= limit, "least", "characters"), str),
    "pattern": _Keyword(_pattern, str),
    "maxItems": _Keyword(_size(lambda size, limit: size <= limit, "most", "elements"), list),
    "minItems": _Keyword(_size(lambda size, limit: size >= limit, "least", "elements"), list),
    "uniqueItems": _Keyword(_unique_items, list),
    "prefixItems": _Keyword(_prefix_items, list),
    "items": _Keyword(_items, list),
    "contains": _Keyword(_contains, list),
    "maxProperties": _Keyword(_size(lambda size, limit: size <= limit, "most", "properties"), dict),
    "minProperties": _Keyword(_size(lambda size, limit: size >= limit, "least", "properties"), dict),
    "properties": _Keyword(_properties, dict),
    "additionalProperties": _Keyword(_additional_properties, dict),
    "propertyNames": _Keyword(_property_names, dict),
    "required": _Keyword(_required, dict),
    "dependentRequired": _Keyword(_dependent_required, dict),
    "dependentSchemas": _Keyword(_dependent_schemas, dict),
    "allOf": _Keyword(_all_of),
    "anyOf": _Keyword(_any_of),
    "oneOf": _Keyword(_one_of),
    "not": _Keyword(_not),
    "if": _Keyword(_if),
    "$ref": _Keyword(_reference),
}
_WITH_ARTICLE = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}
_LONGEST_SHOWN = 60


def _shown(value: Any) -> str:
    """The beginning of a value, in words where it is large."""
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        return json.dumps(value[:_LONGEST_SHOWN], ensure_ascii=False) + "..."
    return json.dumps(value, ensure_ascii=False)
