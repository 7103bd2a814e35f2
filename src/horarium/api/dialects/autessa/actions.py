"""The three actions: which target each names, what it gives the target, and how its config is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from horarium.api.kit import Fields
from horarium.domain.errors import Problem
from horarium.domain.target import TargetKind
from horarium.executors.secrecy import MASK
from horarium.executors.sql.operation import OPERATIONS, check_form

AGENT, TOOL, TABLE = "INVOKE_AGENT", "INVOKE_TOOL", "UPDATE_AUTESSADB"
OPERATION_FIELDS = ("operation", "values", "dbRecordId", "whereConditions")


@dataclass(frozen=True, slots=True)
class Action:
    """An action's place on the wire: its config's field, the field of the target's number, and its kind."""

    config: str
    request: str | None
    number: str
    kind: TargetKind


ACTIONS: Mapping[str, Action] = {
    AGENT: Action("agentConfig", "agentExecutionRequest", "agentId", TargetKind.AGENT),
    TOOL: Action("toolConfig", "toolExecutionRequest", "toolId", TargetKind.TOOL),
    TABLE: Action("autessaDbConfig", None, "targetTableId", TargetKind.TABLE),
}


@dataclass(frozen=True, slots=True)
class Given:
    """An action as a caller gives it.

    `number` is the target's, None where it is missing or no number. `input` is what the target receives,
    `config` what is answered later: the environment's values are masked in it.
    """

    type: str
    number: int | None = None
    input: Any = None
    environment: Mapping[str, str] = field(default_factory=dict)
    give_up_at_once: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> Action:
        return ACTIONS[self.type]


def read_action(fields: Fields, kind: str) -> Given:
    """The config that belongs to an action; what is wrong with it is noted in `fields`."""
    action = ACTIONS[kind]
    outer = fields.inner(action.config)
    inner = outer if action.request is None else outer.inner(action.request)
    number = _number(inner, action, kind)
    absent = action.config not in fields or (action.request is not None and action.request not in outer)
    if absent:  # the text about the number says all there is to say
        return Given(kind)
    if action.kind is TargetKind.TABLE:
        return _table(inner, number)
    environment = _environment(inner)
    given: dict[str, Any] = {action.number: number}
    value: dict[str, Any]
    if kind == AGENT:
        said = inner.text("input", required=True, most=1_000_000)
        given["input"], value = said, {"input": said}
    else:
        variables = inner.object("variables")
        value = {"variables": variables or {}}
        given |= {} if variables is None else {"variables": variables}
    if environment is not None:
        given["environmentVariables"] = dict.fromkeys(environment, MASK)
    config: dict[str, Any] = {str(action.request): given}
    go_on = outer.flag("continueOnError")
    if go_on is not None:
        config["continueOnError"] = go_on
    return Given(kind, number, value, environment or {}, go_on is True, config)


def _number(fields: Fields, action: Action, kind: str) -> int | None:
    """The target's number: an integer and nothing else."""
    if action.number not in fields:
        words = f"{action.kind.value.capitalize()} ID is required for {kind} action"
        fields.problems.append(Problem("", words, "required"))
        return None
    found: int | None = fields.value(action.number, int, "an integer")
    return found


def _environment(fields: Fields) -> dict[str, str] | None:
    given = fields.object("environmentVariables")
    if given is None:
        return None
    inner = Fields(given, f"{fields.path}.environmentVariables", fields.problems)
    found = {name: inner.text(name, required=given[name] is None, most=100_000) for name in given}
    for name in given:
        if not name or not name.isprintable() or "=" in name or len(name) > 200:
            inner.wrong(name[:40], "is no name of an environment variable")
    return {name: value or "" for name, value in found.items()}


def _table(fields: Fields, number: int | None) -> Given:
    operation = {name: fields.body[name] for name in OPERATION_FIELDS if fields.body.get(name) is not None}
    before = len(fields.problems)
    fields.choice("operation", OPERATIONS, required=True)
    fields.object("values", required=True)
    fields.value("whereConditions", str, "a string of JSON")
    if len(fields.problems) == before:
        fields.problems += [
            Problem(f"{fields.path}.{one.field}" if one.field else fields.path, one.message, one.code)
            for one in check_form(operation)
        ]
    go_on = fields.flag("continueOnError")
    config = {**operation, "targetTableId": number} | ({} if go_on is None else {"continueOnError": go_on})
    return Given(TABLE, number, operation, {}, go_on is True, config)


def kept_environment(given: Given, stored: Mapping[str, str]) -> dict[str, str]:
    """The environment, with every *** that an answer showed filled in from what is stored."""
    return {
        name: stored[name] if value == MASK and name in stored else value
        for name, value in given.environment.items()
    }


def refuse_masks(fields: Fields, given: Given) -> None:
    """Ask for the secrets again that an event with another target would send there."""
    place = f"{given.action.config}.{given.action.request}.environmentVariables"
    for name, value in given.environment.items():
        if value == MASK:
            words = "is ***, which keeps a stored secret only for the same target; give the secret itself"
            fields.wrong(f"{place}.{name}", words)
