"""A transaction that notes which statements are executed in it."""

from __future__ import annotations

from typing import Any

from horarium.store.base import Tx

# The methods of a transaction that execute a statement.
STATEMENT_KINDS = frozenset({"run", "many", "row", "rows", "each", "tuples"})


class Noted:
    """A transaction, with the names of its statements in their order."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.names: list[str] = []

    def __getattr__(self, kind: str) -> Any:
        call = getattr(self._tx, kind)
        if kind not in STATEMENT_KINDS:
            return call

        def noted(statement: str, /, *args: Any, **kwargs: Any) -> Any:
            self.names.append(statement)
            return call(statement, *args, **kwargs)

        return noted
