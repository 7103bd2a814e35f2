"""Writes horarium_client/resources.py and types.py from docs/openapi.json (make clients)."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = HERE / "src" / "horarium_client"
DESCRIPTION = ROOT / "docs" / "openapi.json"

_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
# What has no meaning for a stream.
_OF_PAGES = ("limit", "cursor", "order", "since", "total")
_HEADERS = {"If-Match": "if_match", "Idempotency-Key": "idempotency_key"}


@dataclass(frozen=True)
class Operation:
    """One operation of the description, as its methods need it."""

    name: str
    method: str
    path: str
    summary: str
    segments: list[tuple[str, str]]
    query: list[tuple[str, str, str]]
    headers: list[str]
    body: str | None
    body_needed: bool
    sends_lines: bool
    answer: str
    answers_lines: bool
    item: str | None
    streams: bool


def operations(page: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """(resource, operation) of everything in the description."""
    for path, methods in page["paths"].items():
        for method, said in methods.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            resource, _, name = said["operationId"].partition(".")
            yield resource, operation(page, name, method.upper(), path, said)


def operation(
    page: Mapping[str, Any], name: str, method: str, path: str, said: Mapping[str, Any]
) -> Operation:
    given = [resolved(page, parameter) for parameter in said.get("parameters", [])]
    content = said.get("requestBody", {}).get("content", {})
    body_type, body = next(iter(content.items()), (None, {}))
    good = next(answer for status, answer in said["responses"].items() if status.startswith("2"))
    answer_type, answer = next(iter(good.get("content", {}).items()), (None, {}))
    answer_name = (
        "str" if answer_type == "text/plain" else type_of(answer.get("schema")) if answer_type else "None"
    )
    return Operation(
        name,
        method,
        path,
        said.get("summary") or said.get("description") or "",
        [(snake(one["name"]), one["name"]) for one in given if one["in"] == "path"],
        [(snake(one["name"]), one["name"], type_of(one["schema"])) for one in given if one["in"] == "query"],
        [one["name"] for one in given if one["in"] == "header" and one["name"] in _HEADERS],
        type_of(body.get("schema")) if body_type else None,
        bool(said.get("requestBody", {}).get("required")),
        body_type == "application/x-ndjson",
        answer_name,
        answer_type == "application/x-ndjson",
        item_of(page, answer.get("schema")) if any(one["name"] == "cursor" for one in given) else None,
        "text/event-stream" in good.get("content", {}),
    )


def resolved(page: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = page
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(page, found)


def type_of(schema: Mapping[str, Any] | None) -> str:
    if not schema:
        return "Any"
    if "$ref" in schema:
        return f"types.{schema['$ref'].rpartition('/')[2]}"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(value) for value in schema['enum'])}]"
    if "oneOf" in schema:
        return " | ".join(type_of(each) for each in schema["oneOf"])
    if schema.get("type") == "array":
        return f"Sequence[{type_of(schema.get('items'))}]"
    return _PLAIN.get(str(schema.get("type")), "Any")


def item_of(page: Mapping[str, Any], schema: Mapping[str, Any] | None) -> str | None:
    items = resolved(page, schema or {}).get("properties", {}).get("items")
    return type_of(items.get("items")) if items else None


def snake(name: str) -> str:
    plain = re.sub(r"\W", "_", name).lower()
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def class_name(resource: str) -> str:
    return "".join(part.title() for part in resource.split("_"))


def methods(one: Operation, is_async: bool) -> Iterator[str]:
    """The lines of the methods of one operation: itself, and for a list with pages all of its items."""
    if one.sends_lines or (one.answers_lines and one.method == "GET"):
        yield from lines_method(one, is_async)
        return
    arguments = ["self", *(f"{name}: str" for name, _ in one.segments)]
    if one.body is not None:
        arguments.append(f"body: {one.body}" + ("" if one.body_needed else " | None = None"))
    if one.query or one.headers:
        arguments.append("*")
        arguments += [f"{name}: {kind} | None = None" for name, _, kind in one.query]
        arguments += [f"{_HEADERS[name]}: str | None = None" for name in one.headers]
    call = call_of(one)
    yield from head(one.name, arguments, one.answer, one.summary, is_async)
    result = f"{'await ' if is_async else ''}self._client.call({call})"
    if one.answer == "None":
        yield f"        {result}"
    else:
        yield f"        answer: {one.answer} = {result}"
        yield "        return answer"
    if one.item is not None:
        yield from all_method(one, is_async)
    if one.streams:
        yield from follow_method(one, is_async)


def call_of(one: Operation) -> str:
    parts = [repr(one.method), repr(one.path)]
    if one.segments:
        parts.append(f"segments=({', '.join(name for name, _ in one.segments)},)")
    if one.query:
        parts.append(f"query={query_of(one)}")
    if one.headers:
        parts.append("headers={" + ", ".join(f"{name!r}: {_HEADERS[name]}" for name in one.headers) + "}")
    if one.body is not None:
        parts.append("body=body")
    if "Idempotency-Key" in one.headers:
        parts.append("takes_key=True")
    return ", ".join(parts)


def query_of(one: Operation, without: str = "") -> str:
    return "{" + ", ".join(f"{name!r}: {ours}" for ours, name, _ in one.query if name != without) + "}"


def all_method(one: Operation, is_async: bool) -> Iterator[str]:
    arguments = ["self", *(f"{name}: str" for name, _ in one.segments)]
    query = [(ours, name, kind) for ours, name, kind in one.query if name != "cursor"]
    if query:
        arguments += ["*", *(f"{ours}: {kind} | None = None" for ours, _, kind in query)]
    kind = "AsyncIterator" if is_async else "Iterator"
    yield ""
    words = f"{one.summary} All pages, item by item; `limit` is the size of a page."
    yield from head(f"{one.name}_all", arguments, f"{kind}[{one.item}]", words, False)
    segments = f"({', '.join(name for name, _ in one.segments)},)" if one.segments else "()"
    yield f"        return self._client.pages({one.path!r}, {segments}, {query_of(one, 'cursor')})"


def follow_method(one: Operation, is_async: bool) -> Iterator[str]:
    query = [(ours, name, kind) for ours, name, kind in one.query if name not in _OF_PAGES]
    arguments = ["self", "*", *(f"{ours}: {kind} | None = None" for ours, _, kind in query)]
    kind = "AsyncIterator" if is_async else "Iterator"
    yield ""
    words = (
        "Events as they happen, after the event with the id `after`, or from now on. A connection that breaks is "
        "made anew, and nothing is missed. Raises EventForgotten where `after`, or the last event that was seen, is "
        "not kept any more."
    )
    yield from head("follow", arguments, f"{kind}[{one.item}]", words, False)
    given = ", ".join(f"{name!r}: {ours}" for ours, name, _ in query if name != "after")
    yield f"        return self._client.follow({one.path!r}, {{{given}}}, after)"


def lines_method(one: Operation, is_async: bool) -> Iterator[str]:
    arguments = ["self", *(f"{name}: str" for name, _ in one.segments)]
    if one.sends_lines:
        arguments.append(f"bodies: Iterable[{one.body}]")
    if one.query:
        arguments += ["*", *(f"{ours}: {kind} | None = None" for ours, _, kind in one.query)]
    kind = "AsyncIterator" if is_async else "Iterator"
    yield from head(one.name, arguments, f"{kind}[{one.answer}]", one.summary, False)
    if one.sends_lines:
        yield f"        return self._client.call_lines({one.method!r}, {one.path!r}, bodies, {query_of(one)})"
    else:
        segments = f"({', '.join(name for name, _ in one.segments)},)" if one.segments else "()"
        yield f"        return self._client.read_lines({one.path!r}, {segments}, {query_of(one)})"


def head(name: str, arguments: list[str], answer: str, words: str, is_async: bool) -> Iterator[str]:
    yield f"    {'async ' if is_async else ''}def {snake(name)}({', '.join(arguments)}) -> {answer}:"
    words = words.strip().rstrip(".") + "."
    first, *rest = wrap(words, 100) or [""]
    if rest:
        yield f'        """{first}'
        yield from (f"        {line}" for line in rest)
        yield '        """'
    else:
        yield f'        """{first}"""'


def resources(page: Mapping[str, Any]) -> str:
    grouped: dict[str, list[Operation]] = {}
    for resource, one in operations(page):
        grouped.setdefault(resource, []).append(one)
    lines = [
        '"""The operations of the API, by resource. Generated from docs/openapi.json: see generate.py."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import AsyncIterator, Iterable, Iterator, Sequence",
        "from typing import TYPE_CHECKING, Any, Literal",
        "",
        "if TYPE_CHECKING:",
        "    from horarium_client import types",
        "    from horarium_client.client import AsyncHorarium, Horarium",
    ]
    for is_async in (False, True):
        prefix, client = ("Async", "AsyncHorarium") if is_async else ("", "Horarium")
        for resource, its in grouped.items():
            lines += [
                "",
                "",
                f"class {prefix}{class_name(resource)}:",
                f'    """The operations of `{resource}`."""',
                "",
            ]
            lines += [f"    def __init__(self, client: {client}) -> None:", "        self._client = client"]
            for one in its:
                lines += ["", *methods(one, is_async)]
        lines += ["", "", f"class {prefix}Resources:", '    """All resources of the API."""', ""]
        lines.append(f"    def __init__(self, client: {client}) -> None:")
        lines += [f"        self.{resource} = {prefix}{class_name(resource)}(client)" for resource in grouped]
    return "\n".join(lines) + "\n"


def main() -> None:
    page = json.loads(DESCRIPTION.read_text("utf-8"))
    (PACKAGE / "resources.py").write_text(resources(page))
    tools = Path(sys.executable).parent
    subprocess.run(
        [
            tools / "datamodel-codegen",
            *("--input", DESCRIPTION, "--input-file-type", "openapi", "--output", PACKAGE / "types.py"),
            *("--output-model-type", "typing.TypedDict", "--target-python-version", "3.11"),
            *("--use-standard-collections", "--use-union-operator", "--use-schema-description"),
            *(
                "--use-field-description",
                "--parent-scoped-naming",
                "--disable-timestamp",
                "--formatters",
                "builtin",
            ),
            *(
                "--custom-file-header",
                '"""The bodies and answers of the API. Generated from docs/openapi.json."""',
            ),
        ],
        check=True,
    )
    for name in ("resources.py", "types.py"):
        subprocess.run([tools / "ruff", "format", "-q", PACKAGE / name], check=True)
        subprocess.run(
            [tools / "ruff", "check", "-q", "--fix", "--select", "I,UP,F401", PACKAGE / name], check=True
        )


if __name__ == "__main__":
    main()
