"""The configuration of `command` targets: what is accepted, and the compiled it is compiled to.

    {"argv": ["backup", "--team", "{{ input.team }}"],
     "stdin": {"at": "{{ slot }}"},
     "environment": {"REGION": "eu", "API_TOKEN": "{{ secrets.TOKEN }}"},
     "secrets": {"TOKEN": "..."}}

Only `argv` must be given: the program, which the server's settings must allow, and its arguments. Without
`stdin` the run's context comes as JSON on standard input; a text is written as it is, null writes nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.executors.checks import check_fields, check_texts, shortened
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import Scrubber, check_secrets, named_secrets, reveal
from horarium.executors.template import (
    TemplateError,
    Values,
    as_text,
    check_template,
    compile_value,
    has_placeholder,
)

FIELDS = ("argv", "stdin", "environment", "secrets")

_MOST_ARGUMENTS = 200
_LONGEST_ARGUMENT = 64 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)

# Every command may be given variables of names that begin so: no program knows them by itself.
FREE_PREFIX = "HORARIUM_ENV_"

# Bounds of a run's own variables.
_MOST_VARIABLES = 100
_LONGEST_ENVIRONMENT = 128 * 1024


def check_config(config: Mapping[str, Any], options: ExecutorOptions) -> list[Problem]:
    """Everything wrong with a configuration as a caller gave it."""
    names = config.get("secrets")
    secret_names = tuple(names) if isinstance(names, Mapping) else ()
    environment = config.get("environment")
    text_problems = check_texts(environment, "environment")
    problems = [
        *check_fields(config, "command", FIELDS),
        *check_secrets(config),
        *_check_argv(config.get("argv"), options, secret_names),
        *check_template(config.get("stdin"), "stdin", secret_names),
        *text_problems,
    ]
    if isinstance(environment, Mapping) and not text_problems:
        argv = config.get("argv")
        program = str(argv[0]) if isinstance(argv, list) and argv else ""
        for name in environment:
            wrong = variable_refusal(name, shortened(program), options)
            if wrong:
                problems.append(Problem(f"environment.{shortened(name)}", wrong))
        problems += check_template(environment, "environment", secret_names)
    return problems


def _check_argv(argv: Any, options: ExecutorOptions, secret_names: Sequence[str]) -> list[Problem]:
    if argv is None:
        return [Problem("argv", "is required: a list of the program and its arguments", "required")]
    if not isinstance(argv, list) or not argv or not all(isinstance(item, str) for item in argv):
        return [Problem("argv", "must be a list of texts: the program and its arguments", "type")]
    if len(argv) > _MOST_ARGUMENTS:
        return [Problem("argv", f"has more than {_MOST_ARGUMENTS} members")]
    problems = [Problem(f"argv.{i}", "holds a NUL character") for i, item in enumerate(argv) if "\0" in item]
    for index, argument in enumerate(argv[1:], start=1):
        problems += check_template(argument, f"argv.{index}", secret_names)
    wrong = program_refusal(argv[0], options)
    return [*problems, Problem("argv.0", wrong)] if wrong else problems


def program_refusal(program: str, options: ExecutorOptions) -> str | None:
    """Why a program may not be started, or None when it may and is there."""
    if not options.commands:
        return "cannot be used: commands are off until the server's settings allow some"
    if has_placeholder(program):
        return "may not hold a placeholder: the program must be fixed"
    if program not in allowed_commands(options):
        return f"names {shortened(program)!r}, which the server's settings do not allow"
    if find_program(program, options) is None:
        return f"names {program!r}, which is not on this machine"
    return None


def find_program(program: str, options: ExecutorOptions) -> str | None:
    """The file of a program: an absolute path is itself, a name is looked up in the settings' path alone."""
    if "/" in program and not program.startswith("/"):
        return None
    return shutil.which(program, path=options.command_path)


def allowed_commands(options: ExecutorOptions) -> dict[str, frozenset[str]]:
    """The programs that the settings allow, each with the environment variables that it may be given.

    An entry is a program, or a program and names: `backup.sh?env=REGION+TEAM`."""
    allowed: dict[str, frozenset[str]] = {}
    for entry in options.commands:
        program, _, names = entry.partition("?env=")
        listed = frozenset(name for name in names.split("+") if name)
        allowed[program] = allowed.get(program, frozenset()) | listed
    return allowed


def variable_refusal(name: str, program: str, options: ExecutorOptions) -> str | None:
    """Why a program may not be given an environment variable of this name, or None.

    Many programs load or run what some variable says, and nobody knows all of them; so only what the operator listed
    for the program is allowed, and names that no program knows."""
    if not _VARIABLE.fullmatch(name):
        return "must have a name of letters, digits and underscores"
    if name.startswith(FREE_PREFIX) or name in allowed_commands(options).get(program, ()):
        return None
    return (
        f"may not be set for {program!r}: the server's settings list no variable {shortened(name)!r} for this command; "
        f"names that begin with {FREE_PREFIX} are always allowed"
    )


def check_environment(
    environment: Mapping[str, str], program: str, options: ExecutorOptions
) -> list[Problem]:
    """What is wrong with the variables that a run brings along; fields are their names."""
    if len(environment) > _MOST_VARIABLES:
        return [Problem("", f"holds more than {_MOST_VARIABLES} variables", "too_long")]
    if sum(map(len, environment.values())) > _LONGEST_ENVIRONMENT:
        return [Problem("", f"is longer than {_LONGEST_ENVIRONMENT} characters", "too_long")]
    found = []
    for name, value in environment.items():
        wrong = variable_refusal(name, program, options)
        wrong = wrong or ("holds a NUL character" if "\0" in value else None)
        if wrong:
            found.append(Problem(shortened(name), wrong))
    return found


class CompiledCommand:
    """A configuration with everything done that does not depend on the run. Immutable once made."""

    __slots__ = ("_arguments", "_environment", "named", "program", "scrubber", "stdin")

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        argv: list[str] = config["argv"]
        self.program = argv[0]
        self._arguments = compile_value(argv[1:])
        self._environment = compile_value(config.get("environment") or {})
        self.named = named_secrets(config)
        self.scrubber = Scrubber(secrets.values())
        self.stdin = _stdin(config)

    def arguments(self, values: Values) -> list[str]:
        """Raises TemplateError where a value cannot be an argument."""
        return [_argument(as_text(value)) for value in self._arguments(values)]

    def environment(self, values: Values) -> dict[str, str]:
        return {name: _argument(as_text(value)) for name, value in self._environment(values).items()}


def _argument(text: str) -> str:
    if "\0" in text:
        raise TemplateError("a value for an argument or a variable holds a NUL character")
    if len(text) > _LONGEST_ARGUMENT:
        raise TemplateError(
            f"a value for an argument or a variable is longer than {_LONGEST_ARGUMENT} characters"
        )
    return text


def _stdin(config: Mapping[str, Any]) -> Callable[[Values], bytes] | None:
    """None where the run's context is written."""
    if "stdin" not in config:
        return None
    template = config["stdin"]
    render = compile_value(template)
    if template is None or isinstance(template, str):
        return lambda values: as_text(render(values)).encode()
    return lambda values: orjson.dumps(render(values))
