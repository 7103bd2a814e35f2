"""The form of a write to a table, which is what a run of a target of the executor `sql` is given as its input.

{"operation": "INSERT", "values": {"name": "Ada", "score": 5}}
{"operation": "UPDATE", "values": {"status": "late"}, "dbRecordId": 7}
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem

OPERATIONS = ("INSERT", "UPDATE")
WHERE = "whereConditions"
FIELDS = ("operation", "values", "dbRecordId", WHERE)

# How many columns one operation may give values for: no database's table has more.
MAX_VALUES = 2_000

# How many problems of one operation are told: the first ones say enough.
MAX_PROBLEMS = 20

# How much of an unknown field's name is shown, in characters.
LONGEST_NAME = 128


def operation_problems(operation: Any) -> list[Problem]:
    """What is wrong with an operation, as far as it can be said without the table. Fields are relative to it."""
    if not isinstance(operation, Mapping):
        return [Problem("", "must be an object with operation and values", "type")]
    problems = [
        Problem(str(key)[:LONGEST_NAME], f"is not known; an operation has {', '.join(FIELDS)}", "unknown")
        for key in islice((key for key in operation if key not in FIELDS), MAX_PROBLEMS)
    ]
    kind = operation.get("operation")
    if kind not in OPERATIONS:
        problems.append(Problem("operation", "must be INSERT or UPDATE", "value" if kind else "required"))
    values = operation.get("values")
    if not isinstance(values, Mapping) or not values:
        problems.append(Problem("values", "must be an object with at least one column", "required"))
    elif len(values) > MAX_VALUES:
        problems.append(Problem("values", f"gives more than {MAX_VALUES} columns", "too_long"))
    return problems + _check_choice(operation, kind)


def _check_choice(operation: Mapping[str, Any], kind: Any) -> list[Problem]:
    """An INSERT chooses no row and an UPDATE must choose some. No form of it writes the whole table."""
    record, where = operation.get("dbRecordId"), operation.get(WHERE)
    if kind == "INSERT":
        given = [name for name in ("dbRecordId", WHERE) if operation.get(name) is not None]
        return [Problem(name, "does not go with INSERT; leave it out", "conflict") for name in given]
    if kind != "UPDATE":
        return []
    if record is None and where is None:
        return [Problem("dbRecordId", f"UPDATE needs dbRecordId or {WHERE}", "required")]
    if record is not None and (isinstance(record, bool) or not isinstance(record, int)):
        return [Problem("dbRecordId", "must be a whole number", "type")]
    return []
