"""The configuration of `command` targets: how it is checked and compiled.

    {"argv": ["backup", "--team", "{{ input.team }}"],
     "stdin": {"at": "{{ slot }}"},
     "environment": {"REGION": "eu", "API_TOKEN": "{{ secrets.TOKEN }}"},
     "secrets": {"TOKEN": "..."}}

Only `argv` is required. It lists the program, which the server's settings must allow, and its arguments. Without
`stdin`, the program gets the run's context as JSON on standard input. A text in `stdin` is written unchanged, and
null writes nothing.
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
from horarium.executors.secrecy import Scrubber, check_secrets, named_secrets, reveal, secret_names
from horarium.executors.template import (
    TemplateError,
    Values,
    as_text,
    check_template,
    compile_value,
    has_placeholder,
)

FIELDS = ("argv", "stdin", "environment", "secrets")

# The number of members of `argv`, and the characters of each argument and each variable.
_MOST_ARGUMENTS = 200
_LONGEST_ARGUMENT = 64 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)

# Variables whose names begin like this are allowed for every command, because no program gives them a meaning.
FREE_PREFIX = "HORARIUM_ENV_"

# Limits of the variables that a run sets: how many, and the characters of all values together.
_MOST_VARIABLES = 100
_LONGEST_ENVIRONMENT = 128 * 1024


def check_config(config: Mapping[str, Any], options: ExecutorOptions) -> list[Problem]:
    """All problems of a configuration as it came in a request."""
    names = secret_names(config)
    environment = config.get("environment")
    text_problems = check_texts(environment, "environment")
    problems = [
        *check_fields(config, "command", FIELDS),
        *check_secrets(config),
        *_check_argv(config.get("argv"), options, names),
        *check_template(config.get("stdin"), "stdin", names),
        *text_problems,
    ]
    if isinstance(environment, Mapping) and not text_problems:
        argv = config.get("argv")
        program = str(argv[0]) if isinstance(argv, list) and argv else ""
        for name in environment:
            wrong = variable_refusal(name, shortened(program), options)
            if wrong:
                problems.append(Problem(f"environment.{shortened(name)}", wrong))
        problems += check_template(environment, "environment", names)
    return problems


def _check_argv(argv: Any, options: ExecutorOptions, secret_names: Sequence[str]) -> list[Problem]:
    if argv is None:
        return [Problem("argv", "is required: a list with the program and its arguments", "required")]
    if not isinstance(argv, list) or not argv or not all(isinstance(item, str) for item in argv):
        return [Problem("argv", "must be a list of texts: the program and its arguments", "type")]
    if len(argv) > _MOST_ARGUMENTS:
        return [Problem("argv", f"has more than {_MOST_ARGUMENTS} members")]
    problems = [
        Problem(f"argv.{i}", "contains a NUL character") for i, item in enumerate(argv) if "\0" in item
    ]
    for index, argument in enumerate(argv[1:], start=1):
        problems += check_template(argument, f"argv.{index}", secret_names)
    wrong = program_refusal(argv[0], options)
    return [*problems, Problem("argv.0", wrong)] if wrong else problems


def program_refusal(program: str, options: ExecutorOptions) -> str | None:
    """Why a program cannot be started, or None if it is allowed and exists."""
    if not options.commands:
        return "cannot be used: commands are off, because the server's settings do not allow any (commands)"
    if has_placeholder(program):
        return "must not contain a placeholder: the program must be the same for every run"
    if program not in allowed_commands(options):
        return f"names {shortened(program)!r}, which the server's settings do not allow (commands)"
    if find_program(program, options) is None:
        return f"names {program!r}, which does not exist on this server"
    return None


def find_program(program: str, options: ExecutorOptions) -> str | None:
    """The path of a program's file, or None if there is none.

    An absolute path is used as it is. A name is looked up only in the folders that the settings list.
    """
    if "/" in program and not program.startswith("/"):
        return None
    return shutil.which(program, path=options.command_path)


def allowed_commands(options: ExecutorOptions) -> dict[str, frozenset[str]]:
    """The programs that the settings allow, each with the environment variables that targets may set for it.

    An entry of the settings is a program, or a program with variables: `backup.sh?env=REGION+TEAM`.
    """
    allowed: dict[str, frozenset[str]] = {}
    for entry in options.commands:
        program, _, names = entry.partition("?env=")
        listed = frozenset(name for name in names.split("+") if name)
        allowed[program] = allowed.get(program, frozenset()) | listed
    return allowed


def variable_refusal(name: str, program: str, options: ExecutorOptions) -> str | None:
    """Why an environment variable may not be set for a program, or None if it may.

    Many programs load or run code that an environment variable names, and nobody knows all of these variables. So
    only two kinds are allowed: those that the operator listed for the program, and those that no program uses.
    """
    if not _VARIABLE.fullmatch(name):
        return "must have a name of letters, digits and underscores"
    if name.startswith(FREE_PREFIX) or name in allowed_commands(options).get(program, ()):
        return None
    return (
        f"may not be set for {program!r}: the server's settings do not allow {shortened(name)!r} for this command; "
        f"names that begin with {FREE_PREFIX} are always allowed"
    )


def check_environment(
    environment: Mapping[str, str], program: str, options: ExecutorOptions
) -> list[Problem]:
    """Problems of the variables that a run sets. The field of each problem is the variable's name."""
    if len(environment) > _MOST_VARIABLES:
        return [Problem("", f"has more than {_MOST_VARIABLES} variables", "too_long")]
    if sum(map(len, environment.values())) > _LONGEST_ENVIRONMENT:
        return [Problem("", f"is longer than {_LONGEST_ENVIRONMENT} characters", "too_long")]
    found = []
    for name, value in environment.items():
        wrong = variable_refusal(name, program, options)
        wrong = wrong or ("contains a NUL character" if "\0" in value else None)
        if wrong:
            found.append(Problem(shortened(name), wrong))
    return found


class CompiledCommand:
    """A compiled configuration: everything that is the same for all runs is done. It never changes.

    `stdin` is None if the program gets the run's context on standard input. Otherwise it makes the bytes.
    """

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
        """The arguments of one run, without the program. Raises TemplateError if a value cannot be an argument."""
        return [_argument(as_text(value)) for value in self._arguments(values)]

    def environment(self, values: Values) -> dict[str, str]:
        """The target's variables for one run. Raises TemplateError if a value cannot be in a variable."""
        return {name: _argument(as_text(value)) for name, value in self._environment(values).items()}


def _argument(text: str) -> str:
    if "\0" in text:
        raise TemplateError("a value for an argument or a variable contains a NUL character")
    if len(text) > _LONGEST_ARGUMENT:
        raise TemplateError(
            f"a value for an argument or a variable is longer than {_LONGEST_ARGUMENT} characters"
        )
    return text


def _stdin(config: Mapping[str, Any]) -> Callable[[Values], bytes] | None:
    """Makes the bytes of standard input. None if the program gets the run's context."""
    if "stdin" not in config:
        return None
    template = config["stdin"]
    render = compile_value(template)
    if template is None or isinstance(template, str):
        return lambda values: as_text(render(values)).encode()
    return lambda values: orjson.dumps(render(values))
