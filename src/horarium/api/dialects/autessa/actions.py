"""The three actions: which target each names, what it gives the target, and how its config is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from horarium.api.kit import Fields, Json, Problems
from horarium.domain.errors import Problem
from horarium.domain.table_write import FIELDS, OPERATIONS, WHERE, operation_problems
from horarium.domain.target import MASK, TargetKind
from horarium.service.checks import depth_problems

AGENT, TOOL, TABLE = "INVOKE_AGENT", "INVOKE_TOOL", "UPDATE_AUTESSADB"


@dataclass(frozen=True, slots=True)
class ActionNames:
    """How bodies name the parts of an action, and the kind of its target.

    `config` is the field of its config, `request` a field in that which holds the rest (None: the config itself
    does), and `number` the field of the target's number.
    """

    config: str
    request: str | None
    number: str
    kind: TargetKind

    @property
    def place(self) -> str:
        """The path of what the target is given."""
        return self.config if self.request is None else f"{self.config}.{self.request}"


# Environment variables of one event.
MOST_VARIABLES = 200

ACTIONS: Mapping[str, ActionNames] = {
    AGENT: ActionNames("agentConfig", "agentExecutionRequest", "agentId", TargetKind.AGENT),
    TOOL: ActionNames("toolConfig", "toolExecutionRequest", "toolId", TargetKind.TOOL),
    TABLE: ActionNames("autessaDbConfig", None, "targetTableId", TargetKind.TABLE),
}


@dataclass(frozen=True, slots=True)
class Action:
    """An action as a body gives it.

    `given` tells whether the body has its config at all. `number` is the target's, None where it is missing or no
    number. `input` is what the target receives. `config` is what is answered later: the values of the environment are
    masked in it. `problems` are what is wrong with the config; they count only if this is the event's action.
    """

    type: str
    given: bool
    number: int | None = None
    input: Any = None
    environment: Mapping[str, str] = field(default_factory=dict)
    give_up_at_once: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> ActionNames:
        """How bodies name its parts."""
        return ACTIONS[self.type]


def type_for(kind: TargetKind) -> str | None:
    """The type of the action that runs targets of a kind; None where none does."""
    return next((action for action, names in ACTIONS.items() if names.kind is kind), None)


def request_in(kind: str, value: Any) -> Json:
    """What an input says, as an action of this type writes it. Nothing, where the input has not the form of a request:
    our own API may have stored any."""
    if not isinstance(value, Mapping):
        return {}
    if kind == TABLE:
        return {} if operation_problems(value) else {name: value[name] for name in FIELDS if name in value}
    name, wanted = ("input", str) if kind == AGENT else ("variables", Mapping)
    return {name: value[name]} if isinstance(value.get(name), wanted) else {}


def parse_actions(body: Mapping[str, Any]) -> Mapping[str, Action]:
    """What a body says of each action, by type. Which of them counts, the body alone does not tell."""
    return {kind: _action(Fields(body, problems=Problems()), kind) for kind in ACTIONS}


def _action(fields: Fields, kind: str) -> Action:
    names = ACTIONS[kind]
    given = names.config in fields
    outer = fields.inner(names.config)
    inner = outer if names.request is None else outer.inner(names.request)
    number = _number(inner, kind)
    if not given or (names.request is not None and names.request not in outer):
        # What was noted about the number says all there is to say.
        return Action(kind, given, problems=tuple(fields.problems))
    environment: Mapping[str, str] = {}
    value: Json
    config: Json
    if kind == TABLE:
        value = _operation(inner)
        config = {**value, names.number: number}
    else:
        shown: Json = {names.number: number}
        if kind == AGENT:
            value = {"input": inner.text("input", required=True, most=1_000_000)}
            shown |= value
        else:
            variables = inner.object("variables")
            value = {"variables": variables or {}}
            shown |= {} if variables is None else value
        if "environmentVariables" in inner:
            environment = _environment(inner)
            shown["environmentVariables"] = dict.fromkeys(environment, MASK)
        config = {str(names.request): shown}
    fields.note(depth_problems(names.place, value))
    go_on = outer.flag("continueOnError")
    if go_on is not None:
        config["continueOnError"] = go_on
    return Action(kind, True, number, value, environment, go_on is True, config, tuple(fields.problems))


def _number(fields: Fields, kind: str) -> int | None:
    """The target's number: an integer and nothing else."""
    names = ACTIONS[kind]
    if names.number not in fields:
        words = f"{names.kind.value.capitalize()} ID is required for {kind} action"
        fields.note([Problem("", words, "required")])
        return None
    found: int | None = fields.value(names.number, int, "an integer")
    return found


def _environment(fields: Fields) -> Mapping[str, str]:
    inner = fields.inner("environmentVariables")
    if len(inner.body) > MOST_VARIABLES:
        words = f"has {len(inner.body)} entries; at most {MOST_VARIABLES} are allowed"
        fields.wrong("environmentVariables", words, "too_long")
        return {}
    found = {name: inner.text(name, required=name not in inner, most=100_000) for name in inner.body}
    for name in found:
        if not name or not name.isprintable() or "=" in name or len(name) > 200:
            inner.wrong(name[:40], "is not a name of an environment variable")
    return {name: value or "" for name, value in found.items()}


def _operation(fields: Fields) -> Json:
    """The write to a table. Its form is judged once its fields are of the right types."""
    operation = {name: fields.body[name] for name in FIELDS if name in fields}
    before = len(fields.problems)
    fields.choice("operation", OPERATIONS, required=True)
    fields.object("values", required=True)
    fields.value(WHERE, str, "a string of JSON")
    if len(fields.problems) == before:
        for problem in operation_problems(operation):
            fields.note(
                [Problem(f"{fields.path}.{problem.field}".rstrip("."), problem.message, problem.code)]
            )
    return operation
