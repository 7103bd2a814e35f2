"""Every setting of the server: its default, and a line on what it changes.

A value is taken from the first place that gives one: a command-line option, an environment variable
(`HORARIUM_` and the name in capitals), a TOML file (the names as keys at its top level), the default. Lists
are separated by commas in the environment.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from horarium.domain.errors import Invalid, Problem

ENVIRONMENT_PREFIX = "HORARIUM_"
ROLES = ("api", "engine", "worker")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; `load_settings` makes them."""

    data: Annotated[Path, "folder of the database, the key files and the lock of this server"] = Path(
        "horarium-data"
    )
    host: Annotated[str, "address that the server listens on"] = "127.0.0.1"
    port: Annotated[int, "TCP port that the server listens on; 0 takes a free one"] = 8080
    database: Annotated[
        str | None, "sqlite:///PATH or postgresql://...; without it, a SQLite file in the data folder"
    ] = None
    roles: Annotated[tuple[str, ...], "what this process does: any of api, engine, worker"] = ROLES
    node: Annotated[str | None, "name of this node; without it, the host's name and the process id"] = None
    secret_key: Annotated[
        str | None,
        "base64 of the 32 bytes that encrypt stored secrets; without it, a key file in the data folder",
    ] = None
    public_url: Annotated[str | None, "address under which targets reach this server, for callbacks"] = None

    allow_loopback: Annotated[bool, "let outgoing requests reach this machine itself"] = False
    allow_private: Annotated[
        tuple[str, ...], "private networks, as CIDRs, that outgoing requests may reach"
    ] = ()
    python_functions: Annotated[
        tuple[str, ...], "what python targets may call: package.module:function, or package.module:*"
    ] = ()
    commands: Annotated[
        tuple[str, ...], "programs that command targets may start; none turns commands off"
    ] = ()
    sql_hosts: Annotated[tuple[str, ...], "database hosts that sql targets may open"] = ()
    llm_env_keys: Annotated[
        tuple[str, ...], "environment variables that llm targets may name as the place of their API key"
    ] = ()
    response_limit: Annotated[int, "bytes of a target's answer that are kept as a run's output"] = 64 * 1024

    concurrency: Annotated[int, "attempts that one worker process has under way at once"] = 256
    lease: Annotated[float, "seconds after which the runs of a silent worker are given to others"] = 30.0
    drain: Annotated[float, "seconds that a stopping server lets running attempts finish"] = 20.0
    poll: Annotated[float, "seconds between looks for due work where no event came; the backstop only"] = 5.0
    retention_days: Annotated[float, "days that finished fires, runs and spans are kept; 0: for ever"] = 90.0

    body_limit: Annotated[int, "bytes of a request's body above which it is refused unread"] = 4 * MEBIBYTE
    bulk_limit: Annotated[int, "bytes of one bulk request in all; it is read line by line"] = 256 * MEBIBYTE
    rate_limit: Annotated[float, "requests a second that one key may make of one process; 0: no limit"] = 0.0

    log_format: Annotated[
        Literal["auto", "text", "json"], "auto writes text to a terminal and JSON lines elsewhere"
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], "the least severity that is logged"
    ] = "info"

    @property
    def database_url(self) -> str:
        """The database to use, the default filled in."""
        return self.database or f"sqlite:///{self.data / 'horarium.db'}"

    @property
    def admin_key_file(self) -> Path:
        """Where the first start leaves the key of the first workspace's administrator."""
        return self.data / "admin.key"


def load_settings(
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """Settings from command-line options (None: not given), the environment and a TOML file.

    Raises Invalid with every unknown name, wrong type and value out of range, each naming where it came from.
    """
    problems: list[Problem] = []
    given: dict[str, Any] = {}
    file = file or _path_or_none(environment.get(f"{ENVIRONMENT_PREFIX}CONFIG"))
    for source, values in (
        (f"{file}", _from_file(file, problems)),
        ("environment", _from_environment(environment)),
        ("option", {name: value for name, value in options.items() if value is not None}),
    ):
        given |= _converted(source, values, problems)
    if not problems:
        settings = Settings(**given)
        problems.extend(_out_of_range(settings))
    if problems:
        raise Invalid(problems)
    return settings


def described() -> Iterator[tuple[str, Any, str]]:
    """(name, default, words) of every setting, for help texts and documentation."""
    noted = get_type_hints(Settings, include_extras=True)
    for one in fields(Settings):
        yield one.name, one.default, get_args(noted[one.name])[1]


def _path_or_none(text: str | None) -> Path | None:
    return Path(text) if text else None


def _from_file(file: Path | None, problems: list[Problem]) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        problems.append(Problem("config", f"cannot read {file}: {error.strerror}"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem("config", f"{file} is not valid TOML: {error}"))
    return {}


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, Any]:
    names = {f"{ENVIRONMENT_PREFIX}{one.name.upper()}": one.name for one in fields(Settings)}
    return {name: environment[variable] for variable, name in names.items() if environment.get(variable)}


def _converted(source: str, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    known: dict[str, Field[Any]] = {one.name: one for one in fields(Settings)}
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            words = f"no such setting ({source}); known are {', '.join(known)}"
            problems.append(Problem(name, words, "unknown"))
            continue
        try:
            found[name] = _to_type(_TYPES[name], value)
        except (TypeError, ValueError):
            problems.append(Problem(name, f"{value!r} ({source}) is not {_wanted(_TYPES[name])}", "type"))
    return found


_TYPES = get_type_hints(Settings)
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _to_type(kind: Any, value: Any) -> Any:
    """`value` as a field's type; text is read, other values must be of the type already."""
    if get_origin(kind) in (UnionType, Union):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else list(value)
        return tuple(part.strip() for part in parts if part.strip())
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError
        return value
    if kind is bool:
        return value if isinstance(value, bool) else _flag(value)
    if isinstance(value, bool) or (kind is int and isinstance(value, float)):
        raise TypeError
    convert: Callable[[Any], Any] = kind
    return convert(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, str) or value.lower() not in _YES + _NO:
        raise ValueError
    return value.lower() in _YES


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of texts"
    names = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}
    return names.get(kind, "a text")


_LEAST: dict[str, float] = {
    "port": 0,
    "response_limit": 0,
    "concurrency": 1,
    "lease": 3,
    "drain": 0,
    "poll": 0.1,
    "retention_days": 0,
    "body_limit": 1024,
    "bulk_limit": 1024,
    "rate_limit": 0,
}


def _out_of_range(settings: Settings) -> Iterator[Problem]:
    for name, least in _LEAST.items():
        value = getattr(settings, name)
        if not value >= least:
            yield Problem(name, f"{value} is too small: at least {least:g}")
    if settings.port > 65535:
        yield Problem("port", f"{settings.port} is not a TCP port: 0 to 65535")
    unknown = [role for role in settings.roles if role not in ROLES]
    if unknown or not settings.roles:
        yield Problem("roles", f"{', '.join(unknown) or 'nothing'} given: any of {', '.join(ROLES)}")
    if settings.public_url is not None and not settings.public_url.startswith(("http://", "https://")):
        yield Problem("public_url", f"{settings.public_url!r} is not an http:// or https:// address")
    schemes = ("sqlite:///", "postgresql://", "postgres://")
    if settings.database is not None and not settings.database.startswith(schemes):
        yield Problem("database", "is neither sqlite:///PATH nor postgresql://USER@HOST/NAME")
    for network in settings.allow_private:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            yield Problem("allow_private", f"{network!r} is not a network such as 10.1.0.0/16: {error}")
