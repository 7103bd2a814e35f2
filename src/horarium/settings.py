"""Every setting of the server: its name, its default, its unit and what it does.

Nothing else says these things again: the help of `horarium serve` and docs/settings.md are
made from this file. A value is taken from the first place that gives one: a command-line
option, an environment variable (`HORARIUM_` and the name in capitals), a TOML file (the names
as keys at its top level), the default. Lists are separated by commas in the environment.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from horarium.domain.errors import Invalid, Problem
from horarium.domain.host_lists import host_list_problems
from horarium.domain.near_names import nearest
from horarium.domain.secret_keys import key_bytes
from horarium.domain.tenancy import is_key
from horarium.store.database_urls import POSTGRES, sqlite_path, without_pooler

ENVIRONMENT_PREFIX = "HORARIUM_"

# Variables with the prefix that are no settings: where the settings file is, and what the other commands are told.
OTHER_VARIABLES = (
    "HORARIUM_CONFIG",
    "HORARIUM_URL",
    "HORARIUM_KEY",
    "HORARIUM_WORKSPACE",
    "HORARIUM_ALERTS",
    "HORARIUM_PING",
)

_ORIGIN = re.compile(r"https?://[^/?#@\s,]+")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/\s]+)):([0-9]{1,5})")
# Scheme, user and password of a URL. A password may hold an @ that is not escaped.
_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^/?#\s:@]*:)[^/?#\s]*@", re.IGNORECASE)
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&\s]*", re.IGNORECASE)
ROLES = ("api", "engine", "worker")
MEBIBYTE = 1024 * 1024


class About(NamedTuple):
    """What a setting does, in a sentence or two; `least` is the smallest value allowed, `option` the option of
    `horarium serve` that gives it, where there is one. `secret`: its value is shown to nobody."""

    words: str
    unit: str = ""
    least: float | None = None
    option: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; `load_settings` makes them."""

    data: Annotated[
        Path,
        About("Folder of the database, the key files and the lock of this server.", option="--data"),
    ] = Path("horarium-data")
    host: Annotated[str, About("Address that the server listens on.", option="--host")] = "127.0.0.1"
    port: Annotated[
        int,
        About("TCP port that the server listens on; 0 takes a free one.", least=0, option="--port"),
    ] = 8080
    database: Annotated[
        str | None,
        About(
            "sqlite:///PATH or postgresql://USER@HOST/NAME. If it is not set, the database is a SQLite file in "
            "the data folder.",
            option="--database",
        ),
    ] = None
    database_pooled: Annotated[
        str | None,
        About(
            "Address of the same PostgreSQL database through a pooler in transaction mode. All work then goes through "
            "it, and a server has one more connection, to the direct address in `database`: for its heartbeat, and to "
            "hear other servers."
        ),
    ] = None
    tls_cert: Annotated[
        Path | None,
        About(
            "PEM file with the certificate of this server and those between it and its root. Together with tls_key it "
            "makes the server speak HTTPS only.",
            option="--tls-cert",
        ),
    ] = None
    tls_key: Annotated[
        Path | None, About("PEM file with the private key of tls_cert, not encrypted.", option="--tls-key")
    ] = None
    cors_origins: Annotated[
        tuple[str, ...],
        About(
            "Origins whose pages may use the APIs from a browser, such as https://app.example.com; * allows all. If "
            "none is given, browsers let no page of another origin read an answer."
        ),
    ] = ()
    public_pages: Annotated[
        bool,
        About(
            "Whether the metrics, and the pages and descriptions of the APIs, are shown without a key. If not, they "
            "need any key of the server; a browser asks for it as a password."
        ),
    ] = True
    pages_address: Annotated[
        str | None,
        About(
            "HOST:PORT where the metrics, and the pages and descriptions of the APIs, are shown instead of at host and "
            "port; there nothing else is answered but /healthz and /readyz. Its port differs from port; 0 takes a free "
            "one."
        ),
    ] = None
    console: Annotated[
        bool,
        About(
            "Whether the console, the pages for people, is served at /console. People sign in with an API key, and can "
            "do there what that key may do. A browser that opens the root of the server is led to it."
        ),
    ] = True
    roles: Annotated[
        tuple[str, ...],
        About(
            "What this process does: any of api, engine and worker, separated by commas.", option="--roles"
        ),
    ] = ROLES
    processes: Annotated[
        int,
        About(
            "How many processes serve on this machine, where one processor is not enough. The first starts the others "
            "and answers all requests; the others fire and run as nodes of their own. More than one need PostgreSQL.",
            least=1,
            option="--processes",
        ),
    ] = 1
    node: Annotated[
        str | None,
        About("Name of this process among the nodes. If it is not set: the host's name and the process id."),
    ] = None
    secret_key: Annotated[
        str | None,
        About(
            "Base64 of the 32 bytes that encrypt stored secrets. If it is not set, a key is made and kept in the data "
            "folder; with PostgreSQL it must be set, the same on every node. While a key is being replaced, both are "
            "given, separated by a comma, the new one first.",
            secret=True,
        ),
    ] = None
    admin_key: Annotated[
        str | None,
        About(
            "The first administrator's key: hor_ and 32 to 124 letters, digits, - and _. It counts only where there is "
            "no workspace yet. If neither it nor admin_key_file is set, the first start makes a key and leaves it in "
            "DATA/admin.key.",
            secret=True,
        ),
    ] = None
    admin_key_file: Annotated[
        Path | None, About("A file that holds the first administrator's key, instead of admin_key.")
    ] = None
    public_url: Annotated[
        str | None,
        About(
            "Address under which targets reach this server, for callbacks. If it is not set: host and port.",
            option="--public-url",
        ),
    ] = None

    allow_loopback: Annotated[
        bool, About("Whether outgoing requests may reach this machine itself.", option="--allow-loopback")
    ] = False
    allow_private: Annotated[
        tuple[str, ...],
        About(
            "Private networks that outgoing requests may reach, such as 10.1.0.0/16.",
            option="--allow-private",
        ),
    ] = ()
    deny_hosts: Annotated[
        tuple[str, ...],
        About(
            "Hosts that outgoing requests and database connections never reach, whatever else is allowed: names, "
            "*.name for all names below one, addresses and networks. A name is denied by its name alone; to deny a "
            "machine, give its addresses.",
            option="--deny-host",
        ),
    ] = ()
    python_functions: Annotated[
        tuple[str, ...],
        About(
            "Functions that python targets may call: package.module:function, or package.module:* for all of a "
            "module.",
            option="--python-function",
        ),
    ] = ()
    commands: Annotated[
        tuple[str, ...],
        About(
            "Programs that command targets may start, each with the environment variables that it may be given: "
            "backup.sh?env=REGION+TEAM. Names that begin with HORARIUM_ENV_ are always allowed, and no others. "
            "If there are no programs, command targets are off.",
            option="--command",
        ),
    ] = ()
    sql_hosts: Annotated[
        tuple[str, ...],
        About(
            "Database hosts that sql targets and audiences may connect to; * stands for any but this machine.",
            option="--sql-host",
        ),
    ] = ()
    sql_allow_loopback: Annotated[
        bool,
        About("Let sql targets and audiences reach databases on this machine, but never the server's own."),
    ] = False
    engine_hosts: Annotated[
        tuple[str, ...],
        About(
            "Engines that targets may give their runs to, as host or host:port; * stands for any but this machine.",
            option="--engine-host",
        ),
    ] = ()
    llm_env_keys: Annotated[
        tuple[str, ...],
        About("Environment variables that llm targets may name as the place of their API key."),
    ] = ()
    response_limit: Annotated[
        int, About("How much of a target's answer is kept as the output of a run.", "bytes", least=0)
    ] = 64 * 1024

    concurrency: Annotated[
        int,
        About("How many attempts one worker process has under way at once.", least=1, option="--concurrency"),
    ] = 256
    lease: Annotated[
        float,
        About("How long a worker may be silent before its runs are given to others.", "seconds", least=3),
    ] = 30.0
    drain: Annotated[
        float, About("How long a server that is stopping lets running attempts finish.", "seconds", least=0)
    ] = 20.0
    poll: Annotated[
        float,
        About(
            "How often the server looks for due work although nothing has told it of any. Work is normally found "
            "at once; this is the backstop.",
            "seconds",
            least=0.1,
        ),
    ] = 5.0
    retention_days: Annotated[
        float,
        About("How long finished fires, runs and spans are kept; 0 keeps them for ever.", "days", least=0),
    ] = 90.0

    event_retention_days: Annotated[
        float,
        About(
            "How long events, and what became of them at webhooks, are kept; of one workspace at most the newest "
            "million.",
            "days",
            least=0.01,
        ),
    ] = 7.0
    event_streams: Annotated[
        int,
        About("How many streams of one workspace's events may be open at one process.", "streams", least=0),
    ] = 100

    audit_retention_days: Annotated[
        float,
        About("How long entries of the audit log are kept; 0 keeps them for ever.", "days", least=0),
    ] = 400.0

    backup_to: Annotated[
        str | None,
        About(
            "Where the server puts backups, which it makes by itself if this is set: a folder, or s3://BUCKET/PREFIX "
            "(needs horarium[s3]; address and credentials are those that boto3 finds, such as AWS_ENDPOINT_URL_S3 and "
            "AWS_ACCESS_KEY_ID in the environment)."
        ),
    ] = None
    backup_every: Annotated[
        float,
        About("How often the server makes a backup. Of several nodes one makes it.", "hours", least=0.01),
    ] = 24.0
    backup_keep: Annotated[
        int,
        About("How many of the newest backups are kept in backup_to; 0 keeps all.", "backups", least=0),
    ] = 7

    body_limit: Annotated[
        int, About("A request with a larger body is refused without being read.", "bytes", least=1024)
    ] = 4 * MEBIBYTE
    bulk_limit: Annotated[
        int,
        About("The same for a bulk request, which is read line by line.", "bytes", least=1024),
    ] = 256 * MEBIBYTE
    rate_limit: Annotated[
        float,
        About(
            "How much one API key may ask of one process; 0 sets no limit. A read costs 1 unit and a write 2. Besides, "
            "a line of a bulk request costs 0.5, an item of an import 0.25, a time of a preview or a slot of a "
            "backfill 0.1, a fire of a backfill 1, and a preview of an audience 50. Answers tell in the "
            "RateLimit headers what is left.",
            "units a second",
            least=0,
        ),
    ] = 20_000.0

    trusted_proxies: Annotated[
        tuple[str, ...],
        About(
            "Addresses or networks of reverse proxies that tell in X-Forwarded-For where a request comes from. Nobody "
            "else is believed. Keys that are restricted to networks, delays of wrong keys and the audit log need it."
        ),
    ] = ()
    connections_per_address: Annotated[
        int,
        About(
            "How many connections one address, or one /64 network of IPv6, may have open; 0 sets no limit. Behind a "
            "proxy all of them come from the proxy's address.",
            "connections",
            least=0,
        ),
    ] = 512

    log_format: Annotated[
        Literal["auto", "text", "json"],
        About("text, json, or auto: text on a terminal and JSON lines elsewhere.", option="--log-format"),
    ] = "auto"
    access_log: Annotated[
        bool,
        About(
            "Whether a log line is written for each request that is answered: method, path without its query, status, "
            "duration, address, workspace and the id of the request."
        ),
    ] = False
    trace_share: Annotated[
        float,
        About(
            "Which share of all runs, and of all transactions and reads of the database, is traced with OpenTelemetry, "
            "from 0 (none) to 1 (all). The spans go by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says, and "
            "targets are sent traceparent. Needs horarium[otel].",
            least=0,
        ),
    ] = 0.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], About("The least severity that is logged.")
    ] = "info"

    @property
    def scheme(self) -> str:
        """https or http: what the server speaks."""
        return "http" if self.tls_cert is None else "https"

    @property
    def reached_at(self) -> str:
        """The address at which targets reach the server: its public one, or where it listens."""
        return self.public_url or f"{self.scheme}://{in_url(self.host, self.port)}"

    @property
    def pages_at(self) -> tuple[str, int] | None:
        """Host and port of `pages_address`, where it is set and can be read."""
        found = _ADDRESS.fullmatch(self.pages_address or "")
        return None if found is None else (found[1] or found[2], int(found[3]))

    @property
    def database_url(self) -> str:
        """The database to use, the default filled in."""
        return self.database or f"sqlite:///{self.data / 'horarium.db'}"

    @property
    def sqlite_folder(self) -> Path | None:
        """The folder of the SQLite file; None with PostgreSQL."""
        path = sqlite_path(self.database_url)
        return None if path is None else path.parent

    @property
    def left_key_file(self) -> Path:
        """Where the first start leaves the key of the first workspace's administrator."""
        return self.data / "admin.key"


def in_url(host: str, port: int) -> str:
    """Host and port as they are written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Source(StrEnum):
    """Where the value of a setting came from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


class Loaded(NamedTuple):
    """The settings that hold. `sources`: where those came from that something gave; the others are
    at their defaults. `file`: the TOML file that was read, if any."""

    settings: Settings
    sources: Mapping[str, Source]
    file: Path | None

    def source(self, name: str) -> Source:
        """Where the value of a setting came from."""
        return self.sources.get(name, Source.DEFAULT)


def load_settings(
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """Settings from command-line options (None or an empty list: not given), the environment and a TOML file.

    Raises Invalid with every unknown name, wrong type and value out of range, each naming where it came from.
    """
    return load_with_sources(options, environment, file).settings


def load_with_sources(
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Loaded:
    """The settings as `load_settings` makes them, and where each came from. Raises Invalid in the same way."""
    problems: list[Problem] = []
    given: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    file = file or _path_or_none(environment.get("HORARIUM_CONFIG"))
    for source, named, values in (
        (Source.FILE, f"{file}", _from_file(file, problems)),
        (Source.ENVIRONMENT, "environment", _from_environment(environment)),
        (
            Source.OPTION,
            "option",
            {name: value for name, value in options.items() if value not in (None, [])},
        ),
    ):
        converted = _converted(named, values, problems)
        given |= converted
        sources |= dict.fromkeys(converted, source)
    if not problems:
        settings = Settings(**given)
        problems.extend(_out_of_range(settings))
    if problems:
        raise Invalid(problems)
    return Loaded(settings, sources, file)


class Setting(NamedTuple):
    """One setting as help texts and documents show it."""

    name: str
    default: Any
    about: About

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"{ENVIRONMENT_PREFIX}{self.name.upper()}"

    @property
    def default_words(self) -> str:
        """Its default as it is written in the environment; empty where there is none."""
        if self.default is None:
            return ""
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    @property
    def help(self) -> str:
        """What it does, with unit and default, for a command line."""
        unit = f" In {self.about.unit}." if self.about.unit else ""
        default = f" (default: {self.default_words})" if self.default_words else ""
        return f"{self.about.words}{unit}{default}"


def all_settings() -> Iterator[Setting]:
    """Every setting, in the order of `Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    for field in fields(Settings):
        yield Setting(field.name, field.default, get_args(hints[field.name])[1])


SETTINGS = {setting.name: setting for setting in all_settings()}


def differing(settings: Settings) -> dict[str, str]:
    """The settings that are not at their defaults, each as `shown` shows it."""
    return {
        setting.name: shown(setting, settings)
        for setting in SETTINGS.values()
        if getattr(settings, setting.name) != setting.default
    }


def shown(setting: Setting, settings: Settings) -> str:
    """What a setting is, as it is written in the environment; empty where it is not set. Secrets, and the password in
    the address of a database, are shown as `***`."""
    value = getattr(settings, setting.name)
    if setting.about.secret and value is not None:
        return "***"
    return without_password(setting._replace(default=value).default_words)


def without_password(text: str) -> str:
    """A text in which the password of each URL is `***`."""
    return _PASSWORD_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


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
    """What variables with our prefix give, by the name of the setting; an empty variable gives
    nothing. A variable that is no setting keeps its own name, so that it is reported as it is written."""
    names = {setting.variable: setting.name for setting in SETTINGS.values()}
    return {
        names.get(variable, variable): value
        for variable, value in environment.items()
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in OTHER_VARIABLES and value
    }


def _meant(name: str, source: str) -> str:
    """The setting that a name probably means, written as its source writes names; else all that there are."""
    found = nearest(name.upper().removeprefix(ENVIRONMENT_PREFIX).lower(), SETTINGS)
    if found is None:
        return f"known are {', '.join(SETTINGS)}"
    return f"did you mean {SETTINGS[found].variable if source == 'environment' else found}?"


def _converted(source: str, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in SETTINGS:
            words = f"no such setting ({source}); {_meant(name, source)}"
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
        kind = next(part for part in get_args(kind) if part is not type(None))
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


def _out_of_range(settings: Settings) -> Iterator[Problem]:
    for name, _, about in SETTINGS.values():
        value = getattr(settings, name)
        if about.least is not None and not value >= about.least:
            yield Problem(name, f"{value} is too small: at least {about.least:g}")
    if settings.trace_share > 1:
        yield Problem("trace_share", f"{settings.trace_share:g} is too large: at most 1, which is all runs")
    if settings.port > 65535:
        yield Problem("port", f"{settings.port} is not a TCP port: 0 to 65535")
    if settings.pages_address is not None:
        yield from _pages_problems(settings)
    if settings.admin_key is not None and settings.admin_key_file is not None:
        yield Problem("admin_key_file", "cannot be given together with admin_key")
    if settings.admin_key is not None and not is_key(settings.admin_key):
        yield Problem("admin_key", "is not a key: hor_ and 32 to 124 letters, digits, - and _")
    for number, text in enumerate((settings.secret_key or "").split(","), 1):
        if settings.secret_key is not None and key_bytes(text) is None:
            which = f"key {number} of the list " if "," in settings.secret_key else "the key "
            words = f"{which}is not the base64 of 32 bytes (44 characters), as `openssl rand -base64 32` writes them"
            yield Problem(
                "secret_key", f"{words}; it was given as {SETTINGS['secret_key'].variable}, or in a file"
            )
    unknown = [role for role in settings.roles if role not in ROLES]
    if unknown or not settings.roles:
        yield Problem("roles", f"{', '.join(unknown) or 'an empty list'} is none of {', '.join(ROLES)}")
    yield from _processes_problems(settings)
    if settings.public_url is not None and not settings.public_url.startswith(("http://", "https://")):
        yield Problem("public_url", f"{settings.public_url!r} is not an http:// or https:// address")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        missing = "tls_key" if settings.tls_key is None else "tls_cert"
        yield Problem(missing, "is missing: certificate and key are given together")
    for origin in settings.cors_origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            words = f"{origin!r} is not an origin such as https://app.example.com, without a path"
            yield Problem("cors_origins", words)
    schemes = ("sqlite:///", "postgresql://", "postgres://")
    if settings.database is not None and not settings.database.startswith(schemes):
        yield Problem("database", "is neither sqlite:///PATH nor postgresql://USER@HOST/NAME")
    yield from _pooler_problems(settings)
    for problem in host_list_problems(settings.deny_hosts, "deny_hosts"):
        yield Problem("deny_hosts", problem.message)
    for name in ("allow_private", "trusted_proxies"):
        for network in getattr(settings, name):
            try:
                ipaddress.ip_network(network)
            except ValueError:
                yield Problem(name, f"{network!r} is not a network such as 10.1.0.0/16{_host_bits(network)}")


def _processes_problems(settings: Settings) -> Iterator[Problem]:
    if settings.processes == 1:
        return
    if not (settings.database or "").startswith(POSTGRES):
        words = "more than one need PostgreSQL (database), because one process alone writes an SQLite file"
        yield Problem("processes", words)
    if not {"engine", "worker"} & set(settings.roles):
        yield Problem(
            "processes", "more than one need the role engine or worker, which is what the others do"
        )


def _pooler_problems(settings: Settings) -> Iterator[Problem]:
    if settings.database is not None:
        try:
            without_pooler(settings.database)
        except Invalid as error:
            yield from error.problems
    if settings.database_pooled is None:
        return
    if not settings.database_pooled.startswith(POSTGRES):
        yield Problem("database_pooled", "is not postgresql://USER@HOST/NAME")
    elif not (settings.database or "").startswith(POSTGRES):
        yield Problem("database", "must be set to the direct address of the database in database_pooled")


def _pages_problems(settings: Settings) -> Iterator[Problem]:
    at = settings.pages_at
    if at is None or at[1] > 65535:
        words = f"{settings.pages_address!r} is not an address such as 127.0.0.1:9100 or [::1]:9100"
        yield Problem("pages_address", words)
    elif at[1] == settings.port != 0:
        yield Problem("pages_address", f"needs another port than {settings.port}, where the APIs are served")


def _host_bits(text: str) -> str:
    """The end of a sentence about a text that would be a network without the bits behind its prefix."""
    try:
        return f"; the network of that address is {ipaddress.ip_network(text, strict=False)}"
    except ValueError:
        return ""
