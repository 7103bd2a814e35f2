"""The generated parts of the Python client are those of today's description."""

from __future__ import annotations

import ast
import json
import runpy
from pathlib import Path
from typing import Any, is_typeddict

import pytest
from horarium_client import types

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "python"
PAGE = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
OBJECTS = {
    name: schema
    for name, schema in PAGE["components"]["schemas"].items()
    if schema.get("properties") and is_typeddict(getattr(types, name, None))
}


def test_the_methods_are_those_of_the_description() -> None:
    generate = runpy.run_path(str(CLIENT / "generate.py"))
    written = (CLIENT / "src" / "horarium_client" / "resources.py").read_text("utf-8")
    now = ast.dump(_plain(ast.parse(generate["resources"](PAGE))))
    assert now == ast.dump(_plain(ast.parse(written))), "run make clients"


def _plain(tree: ast.Module) -> ast.Module:
    """Without imports, of which the written file has only those that it needs."""
    tree.body = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
    return tree


def test_every_operation_has_a_typed_answer() -> None:
    tree = ast.parse((CLIENT / "src" / "horarium_client" / "resources.py").read_text("utf-8"))
    untyped = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and "Any" in ast.unparse(node.returns or node)
    ]
    assert untyped == []


def test_most_schemas_are_types() -> None:
    assert len(OBJECTS) > 70


@pytest.mark.parametrize("name", OBJECTS)
def test_a_type_has_the_fields_of_its_schema(name: str) -> None:
    schema: dict[str, Any] = OBJECTS[name]
    described = getattr(types, name)
    assert set(described.__annotations__) == set(schema["properties"]), "run make clients"
    needed = {
        field
        for field, kind in described.__annotations__.items()
        if not str(getattr(kind, "__forward_arg__", kind)).startswith(("NotRequired", "typing.NotRequired"))
    }
    assert needed == set(schema.get("required", ())), "run make clients"
