"""What a change of a description breaks in clients that were made for the one before.

In what a client reads, a field may come, and none may go, become null, or be of further types. In what a client
sends, a field may come if it is not required, and values may only become more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def breaking(before: Json, after: Json) -> list[str]:
    """A sentence for each thing that breaks."""
    found: list[str] = []
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            now = after["paths"].get(path, {}).get(method)
            if now is None:
                found.append(f"{name}: {method.upper()} {path} is gone")
                continue
            if now["operationId"] != name:
                found.append(f"{name}: is called {now['operationId']} now")
            found += _parameters(name, operation, now, before, after)
            found += _body(name, operation, now, before, after)
            found += _responses(name, operation, now, before, after)
    return found


def _parameters(name: str, old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    known = {(each["name"], each["in"]): each for each in old.get("parameters", ())}
    now = {(each["name"], each["in"]): each for each in new.get("parameters", ())}
    for (parameter, place), each in known.items():
        if (parameter, place) not in now:
            yield f"{name}: the {place} parameter {parameter} is gone"
            continue
        there = now[parameter, place]
        yield from _narrowed(f"{name}: {parameter}", each["schema"], there["schema"], before, after, ())
    for (parameter, place), each in now.items():
        if each.get("required") and not known.get((parameter, place), {}).get("required"):
            yield f"{name}: the {place} parameter {parameter} is required now"


def _body(name: str, old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    was, now = old.get("requestBody"), new.get("requestBody")
    if now is not None and now.get("required") and not (was or {}).get("required"):
        yield f"{name}: a body is required now"
    for media, content in (was or {}).get("content", {}).items():
        there = (now or {}).get("content", {}).get(media)
        if there is None:
            yield f"{name}: a body of {media} is not read any more"
        else:
            yield from _narrowed(f"{name}: body", content["schema"], there["schema"], before, after, ())


def _responses(name: str, old: Json, new: Json, before: Json, after: Json) -> Iterator[str]:
    for status, response in old["responses"].items():
        if not status.startswith("2"):
            continue
        for media, content in response.get("content", {}).items():
            there = new["responses"].get(status, {}).get("content", {}).get(media)
            if there is None:
                yield f"{name}: is not answered by {status} as {media} any more"
            else:
                # Whoever reads may get what the new schema allows, so that must be within the old one.
                yield from _narrowed(f"{name}: answer", there["schema"], content["schema"], after, before, ())
                yield from _gone(f"{name}: answer", content["schema"], there["schema"], before, after, ())


def _gone(where: str, old: Any, new: Any, before: Json, after: Json, above: tuple[str, ...]) -> Iterator[str]:
    """Fields of answers that are not there any more, or not always."""
    if old.get("$ref", "") in above:
        return
    above = (*above, old["$ref"]) if "$ref" in old else above
    old, new = _plain(old, before), _plain(new, after)
    for field, schema in old.get("properties", {}).items():
        place = f"{where}.{field}"
        if field not in new.get("properties", {}):
            yield f"{place} is gone"
            continue
        if field in old.get("required", ()) and field not in new.get("required", ()):
            yield f"{place} may be absent now"
        yield from _gone(place, schema, new["properties"][field], before, after, above)
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        yield from _gone(f"{where}[]", old["items"], new["items"], before, after, above)


def _narrowed(
    where: str, wide: Any, narrow: Any, of_wide: Json, of_narrow: Json, above: tuple[str, ...]
) -> Iterator[str]:
    """Where `narrow` refuses what `wide` allows."""
    if wide.get("$ref", "") in above:
        return
    above = (*above, wide["$ref"]) if "$ref" in wide else above
    wide, narrow = _plain(wide, of_wide), _plain(narrow, of_narrow)
    types, fewer = _types(wide), _types(narrow)
    if types - fewer and fewer:
        yield f"{where}: {', '.join(sorted(types - fewer)) or 'anything'} is not allowed everywhere"
        return
    if "enum" in narrow and set(map(str, wide.get("enum", ["anything"]))) - set(map(str, narrow["enum"])):
        yield f"{where}: values beyond {narrow['enum']} are not allowed everywhere"
    for bound, tighter in (("minimum", 1), ("minLength", 1), ("maximum", -1), ("maxLength", -1)):
        limit = narrow.get(bound)
        if limit is not None and (wide.get(bound) is None or (limit - wide[bound]) * tighter > 0):
            yield f"{where}: {bound} is {limit}, and was {wide.get(bound)}"
    for field in narrow.get("required", ()):
        if field not in wide.get("required", ()) and (wide.get("properties") or narrow.get("properties")):
            yield f"{where}.{field} is required"
    for field, schema in wide.get("properties", {}).items():
        there = narrow.get("properties", {}).get(field)
        if there is not None:
            yield from _narrowed(f"{where}.{field}", schema, there, of_wide, of_narrow, above)
    if isinstance(wide.get("items"), dict) and isinstance(narrow.get("items"), dict):
        yield from _narrowed(f"{where}[]", wide["items"], narrow["items"], of_wide, of_narrow, above)


def _plain(schema: Any, document: Json) -> Any:
    """A schema without a reference, and without the alternative null where there is one other."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    others = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(others) == 1:
        inner = _plain(others[0], document)
        return {**inner, "type": [*sorted(_types(inner)), "null"]}
    return schema


def _types(schema: Any) -> set[str]:
    kind = schema.get("type")
    if kind is None:
        return {name for each in schema.get("anyOf", ()) for name in _types(each)}
    return {kind} if isinstance(kind, str) else set(kind)
