"""Whatever a verb gives to a statement, the statement uses. So every test that comes there notices a condition that was
forgotten in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.store.postgres.transaction import PostgresTx
from horarium.store.sqlite.transaction import SqliteTx
from horarium.store.statements import load

# What some statements of a family use and others do not.
OF_A_FAMILY = {
    ("count_agents", "key"),
    ("frequency_of_dialect", "target_id"),
    ("list_agents_asc", "key"),
    ("list_agents_desc", "key"),
    ("list_targets", "key"),
}


def watch() -> None:
    """From now on, a statement that is given what it does not use is an error."""
    on_sqlite, on_postgres = SqliteTx._execute, PostgresTx._execute

    def execute(self: SqliteTx, name: str, params: dict[str, Any]) -> Any:
        _refuse_unused("sqlite", name, params)
        return on_sqlite(self, name, params)

    async def execute_there(self: PostgresTx, method: Any, name: str, params: dict[str, Any]) -> Any:
        _refuse_unused("postgres", name, params)
        return await on_postgres(self, method, name, params)

    SqliteTx._execute, PostgresTx._execute = execute, execute_there  # type: ignore[method-assign]


def _refuse_unused(flavour: Any, name: str, params: Mapping[str, Any]) -> None:
    if len(params) == len(load(flavour)[name].parameters):
        return  # each of its own has to be there, as the database says
    unused = params.keys() - set(load(flavour)[name].parameters)
    wrong = {one for one in unused if (name, one) not in OF_A_FAMILY}
    assert not wrong, f"the statement {name} is given {wrong}, and does not use it"
