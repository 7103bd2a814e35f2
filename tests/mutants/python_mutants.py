"""Faults for Python: another comparison, a condition left out, a number one larger, a call or an assignment that is
not made."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutants.planted import Mutant

_COMPARED: dict[type[ast.cmpop], tuple[str, ast.cmpop]] = {
    ast.Lt: ("`<` becomes `<=`", ast.LtE()),
    ast.LtE: ("`<=` becomes `<`", ast.Lt()),
    ast.Gt: ("`>` becomes `>=`", ast.GtE()),
    ast.GtE: ("`>=` becomes `>`", ast.Gt()),
    ast.Eq: ("`==` becomes `!=`", ast.NotEq()),
    ast.NotEq: ("`!=` becomes `==`", ast.Eq()),
    ast.Is: ("`is` becomes `is not`", ast.IsNot()),
    ast.IsNot: ("`is not` becomes `is`", ast.Is()),
    ast.In: ("`in` becomes `not in`", ast.NotIn()),
    ast.NotIn: ("`not in` becomes `in`", ast.In()),
}
_CALCULATED: dict[type[ast.operator], tuple[str, ast.operator]] = {
    ast.Add: ("`+` becomes `-`", ast.Sub()),
    ast.Sub: ("`-` becomes `+`", ast.Add()),
    ast.Mult: ("`*` becomes `/`", ast.Div()),
    ast.Div: ("`/` becomes `*`", ast.Mult()),
    ast.FloorDiv: ("`//` becomes `*`", ast.Mult()),
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Calls whose loss nobody promises anything about.
_SAID_ONLY = ("_log.", "log.", "warnings.")


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every fault that can be planted in a Python file, in the order of the file."""
    tree = ast.parse(source)
    places = _Places(source)
    found = [
        Mutant(path, node.lineno, words, *places.of(node), text)
        for node in _nodes(tree)
        for words, text in _faults(node)
    ]
    return sorted(found, key=lambda mutant: (mutant.start, mutant.words))


class _Places:
    """Where nodes stand in a text: ast counts bytes of a line, this counts characters of the whole."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(
            node.end_lineno or node.lineno, node.end_col_offset or 0
        )

    def _at(self, line: int, column: int) -> int:
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)


def _nodes(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The nodes in which a fault may be planted: not the annotations, decorators and texts, and not what is logged or
    asserted (`strict` of zip asserts that lengths are equal)."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, ast.Import | ast.ImportFrom | ast.JoinedStr
            ):
                continue
            if isinstance(child, ast.Raise | ast.Assert) or (
                isinstance(child, ast.keyword) and child.arg == "strict"
            ):
                continue
            if isinstance(child, ast.Expr) and ast.unparse(child).startswith(_SAID_ONLY):
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _nodes(child)


def _faults(node: ast.expr | ast.stmt) -> Iterator[tuple[str, str]]:
    """(what changes, the new text) of each fault at a node."""
    match node:
        case ast.Compare():
            for number, operator in enumerate(node.ops):
                words, other = _COMPARED[type(operator)]
                ops = [*node.ops[:number], other, *node.ops[number + 1 :]]
                yield words, _text(ast.Compare(node.left, ops, node.comparators))
        case ast.BoolOp():
            both = isinstance(node.op, ast.And)
            yield (
                ("`and` becomes `or`" if both else "`or` becomes `and`"),
                _text(ast.BoolOp(ast.Or() if both else ast.And(), node.values)),
            )
            for number, value in enumerate(node.values):
                left = [*node.values[:number], *node.values[number + 1 :]]
                rest = left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
                yield f"without `{_short(value)}`", _text(rest)
        case ast.UnaryOp(op=ast.Not()):
            yield "without `not`", _text(node.operand)
        case ast.BinOp() if type(node.op) in _CALCULATED and not _of_text(node):
            words, operator = _CALCULATED[type(node.op)]
            yield words, _text(ast.BinOp(node.left, operator, node.right))
        case ast.Constant(value=bool()):
            yield f"`{node.value}` becomes `{not node.value}`", str(not node.value)
        case ast.Constant(value=int()):
            yield f"`{node.value}` becomes `{node.value + 1}`", str(node.value + 1)
        case ast.IfExp():
            yield f"`{_short(node.test)}` is taken for false", _text(node.orelse)
            yield f"`{_short(node.test)}` is taken for true", _text(node.body)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from _without_conditions(node)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            other = ast.Call(ast.Name(_CALLED[name]), node.args, node.keywords)
            yield f"`{name}` becomes `{_CALLED[name]}`", _text(other)
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"without `{_short(node)}`", "pass"
        case ast.AugAssign():
            yield f"without `{_short(node)}`", "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield f"without `{_short(node)}`", "pass"
        case ast.Break():
            yield "`break` becomes `continue`", "continue"
        case ast.Continue():
            yield "without `continue`", "pass"
        case _:
            return


def _without_conditions(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
) -> Iterator[tuple[str, str]]:
    for generator in node.generators:
        for condition in list(generator.ifs):
            kept = generator.ifs
            generator.ifs = [other for other in kept if other is not condition]
            text = ast.unparse(node)
            generator.ifs = kept
            yield f"without `if {_short(condition)}`", text


def _of_text(node: ast.BinOp) -> bool:
    """Whether texts, bytes or lists are joined, as far as one can see."""
    joined = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple)
    return any(
        isinstance(side, joined) or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in (node.left, node.right)
    )


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
