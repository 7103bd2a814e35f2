"""Secrets in a target's configuration: told apart, kept, put back, and scrubbed from what comes out.

A configuration as given holds its secrets in place. `split` takes them out, leaving `***`, and names each
by its path ("secrets.TOKEN", "headers.Authorization", "signing_secret"); `reveal` puts them back for a run;
`merge_secrets` fills the `***` of a later replacement from what is stored, so that a caller can send back
what was shown; but only while the secrets go where they were given for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call
from horarium.domain.target import MASK
from horarium.executors.checks import shortened
from horarium.executors.signing import PREFIX

# Groups whose members are secret: all of `secrets`, and in the others those whose name sounds like one.
_GROUPS = ("secrets", "headers", "environment")
_SENSITIVE = re.compile(
    r"authorization|cookie|token|secret|key|password|passwd|credential|signature", re.IGNORECASE
)

# A shorter value is likelier to be met by chance than to be a secret that leaked.
_SHORTEST = 4
_SHORTEST_PART = 8

# Bounds of the `secrets` group. Every output is searched for every secret, so there cannot be any number of them.
MAX_SECRETS = 100
MAX_SECRET_CHARS = 64 * 1024
_MOST_WORDS = 64

# The secret that messages are signed with. It never leaves the server.
SIGNING_FIELD = "signing_secret"

# The problem of a `***` for which there is nothing to put in.
NOT_KEPT = (
    "is ***, which keeps a stored secret, and there is none to keep here: none is stored, or the change would send it "
    "to another host, port, program or function; give the secret itself"
)

_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#\\]*)", re.IGNORECASE)
_USUAL_PORTS = {"http": "80", "https": "443"}

# What is written in place of a NUL character.
NUL_SHOWN = "\ufffd"

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def is_sensitive(name: str) -> bool:
    """Whether a header or variable of this name carries a secret."""
    return _SENSITIVE.search(name) is not None


def _is_secret(group: str, name: str) -> bool:
    return group == "secrets" or is_sensitive(name)


def split(config: Mapping[str, Any], fields: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what may be shown, the secrets by path). `fields` are top-level fields that are secret whole."""
    public: dict[str, Any] = dict(config)
    secrets: dict[str, Any] = {}
    for group in _GROUPS:
        members = config.get(group)
        if isinstance(members, Mapping):
            hidden = {name: value for name, value in members.items() if _is_secret(group, name)}
            secrets |= {f"{group}.{name}": value for name, value in hidden.items()}
            public[group] = {name: MASK if name in hidden else value for name, value in members.items()}
    for field in fields:
        if config.get(field) is not None:
            secrets[field] = config[field]
            public[field] = MASK
    return public, secrets


def reveal(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it was given, its secrets back in place."""
    whole: dict[str, Any] = dict(config)
    for path, value in secrets.items():
        group, dot, name = path.partition(".")
        if dot and group in _GROUPS:
            whole[group] = {**(whole.get(group) or {}), name: value}
        else:
            whole[path] = value
    return whole


def merge_secrets(
    executor_type: str,
    old_config: Mapping[str, Any],
    old_secrets: Mapping[str, Any],
    new_config: Mapping[str, Any],
) -> dict[str, Any]:
    """A replacement with every `***` filled from the stored secrets; header names match in any case.

    Only where the secrets would go to the place that they were given for (see `destination`): otherwise somebody who
    may edit a target, but may not see its secrets, would have them sent to an address of their own. A `***` that is
    not filled stays, and `check` refuses it.

    A signing secret is kept in any case, also where the replacement leaves it out, so that saving a form does not
    lock receivers out. It is never sent, and no template can name it.
    """
    merged: dict[str, Any] = dict(new_config)
    if destination(executor_type, old_config) == destination(executor_type, new_config):
        merged = _filled(old_secrets, new_config)
    if SIGNING_FIELD in old_secrets and merged.get(SIGNING_FIELD, MASK) == MASK:
        merged[SIGNING_FIELD] = old_secrets[SIGNING_FIELD]
    return merged


def _filled(stored_secrets: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    stored = {path.lower(): value for path, value in stored_secrets.items()}
    filled: dict[str, Any] = dict(config)
    for field, value in config.items():
        if value == MASK:
            filled[field] = stored.get(field.lower(), MASK)
        elif field in _GROUPS and isinstance(value, Mapping):
            filled[field] = {
                name: stored.get(f"{field}.{name}".lower(), MASK) if inner == MASK else inner
                for name, inner in value.items()
            }
    return filled


def destination(executor_type: str, config: Mapping[str, Any]) -> Any:
    """What a configuration's secrets are given to: something that is equal only where that is the same.

    For HTTP and models the scheme, host and port; for a model without an address its provider; for commands the
    program; for functions the function. A database's connection is secret as a whole, so it has nothing beside it
    that could lead elsewhere. Of a plug-in's configuration nothing is known, so all of it counts but its secrets.
    """
    match executor_type:
        case "http":
            return _origin(config.get("url"))
        case "llm":
            model = str(config.get("model")).partition(":")[0]
            return _origin(config["base_url"]) if config.get("base_url") is not None else model
        case "command":
            argv = config.get("argv")
            return argv[0] if isinstance(argv, list) and argv else None
        case "python":
            return config.get("function")
        case "sql":
            return None
    return {name: value for name, value in config.items() if name not in _GROUPS and value != MASK}


def _origin(url: Any) -> tuple[str, str, str]:
    """(scheme, host, port) of a URL. One whose host is a template counts as a whole: nothing short of the URL says
    where it leads."""
    match = _ORIGIN.match(url) if isinstance(url, str) else None
    if match is None:
        return ("", str(url), "")
    scheme, authority = match["scheme"].lower(), match["authority"]
    if "{{" in authority:
        return scheme, str(url), ""
    host, _, port = authority.rpartition(":")
    if not port.isdecimal() or "@" in authority:
        host, port = authority, ""
    return scheme, host.lower(), port or _USUAL_PORTS.get(scheme, "")


def named_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """The `secrets` group of a whole configuration: what `{{ secrets.NAME }}` stands for."""
    return dict(config.get("secrets") or {})


def check_secrets(config: Mapping[str, Any], fields: Collection[str] = ()) -> list[Problem]:
    """Problems of the `secrets` group, and every `***` for which nothing is stored."""
    problems = [Problem(shortened(path), NOT_KEPT) for path in islice(_masked(config, fields), MAX_SECRETS)]
    group = config.get("secrets")
    if group is None:
        return problems
    if not isinstance(group, Mapping):
        return [*problems, Problem("secrets", "must be an object of names and texts", "type")]
    if len(group) > MAX_SECRETS:
        return [*problems, Problem("secrets", f"has more than {MAX_SECRETS} members", "too_long")]
    for name, value in group.items():
        field = f"secrets.{shortened(name)}"
        if not _SECRET_NAME.fullmatch(name):
            problems.append(Problem(field, "must have a name of letters, digits and underscores"))
        if not isinstance(value, str):
            problems.append(Problem(field, "must be a text", "type"))
    if sum(len(value) for value in group.values() if isinstance(value, str)) > MAX_SECRET_CHARS:
        text = f"are longer than {MAX_SECRET_CHARS} characters together"
        problems.append(Problem("secrets", text, "too_long"))
    return problems


def _masked(config: Mapping[str, Any], fields: Iterable[str]) -> Iterator[str]:
    for group in _GROUPS:
        members = config.get(group)
        if isinstance(members, Mapping):
            yield from (
                f"{group}.{name}" for name, v in members.items() if v == MASK and _is_secret(group, name)
            )
    yield from (field for field in fields if config.get(field) == MASK)


class Scrubber:
    """Replaces known secrets in texts and JSON values by `***`."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        self._needles = _ordered(needle for secret in secrets for needle in _needles(secret))

    def also(self, secrets: Iterable[Any]) -> Scrubber:
        """One that knows more (a run's own token and environment)."""
        more = Scrubber(secrets)
        more._needles = _ordered([*self._needles, *more._needles])
        return more

    def __bool__(self) -> bool:
        return bool(self._needles)

    def text(self, text: str) -> str:
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    def cut(self, text: str) -> str:
        """A text that was cut at a limit: scrubbed, and without the beginning of a secret at its end."""
        text = self.text(text)
        for needle in self._needles:
            length = _overlap(text, needle)
            if length >= _SHORTEST:
                return text[:-length] + MASK
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with its texts scrubbed, names of fields as well, and without NUL characters (no database
        keeps those in a text).

        All texts are scrubbed as one: looking for every secret in each of many small texts would take long."""
        texts: list[str] = []
        _gather(value, texts)
        joined = "\0".join(text.replace("\0", NUL_SHOWN) for text in texts)
        return _rebuilt(value, iter(self.text(joined).split("\0")))


def _ordered(needles: Iterable[str]) -> list[str]:
    """The longest first, or a secret that begins with another one would leave its tail behind."""
    return sorted(set(needles), key=len, reverse=True)


def _gather(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            texts.append(name)
            _gather(inner, texts)
    elif isinstance(value, list):
        for inner in value:
            _gather(inner, texts)


def _rebuilt(value: Any, texts: Iterator[str]) -> Any:
    """The same value with other texts, in the order in which `_gather` met them."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {next(texts): _rebuilt(inner, texts) for inner in value.values()}
    if isinstance(value, list):
        return [_rebuilt(inner, texts) for inner in value]
    return value


def _overlap(text: str, needle: str) -> int:
    """How many characters of the beginning of `needle` the text ends with. (Knuth, Morris and Pratt: a look at
    every length would take the square of the needle's.)"""
    tail = text[-len(needle) :]
    first = tail.find(needle[:_SHORTEST])
    if first < 0:
        return 0
    # fallback[i]: the longest shorter beginning of the needle with which its first i + 1 characters end.
    fallback, length = [0] * len(needle), 0
    for index in range(1, len(needle)):
        while length and needle[index] != needle[length]:
            length = fallback[length - 1]
        length += needle[index] == needle[length]
        fallback[index] = length
    matched = 0
    for char in tail[first:]:
        while matched and (matched == len(needle) or char != needle[matched]):
            matched = fallback[matched - 1]
        matched += char == needle[matched]
    return matched


def run_scrubber(call: Call, known: Scrubber | None = None) -> Scrubber:
    """One that also knows what is secret in this run alone: its callback token and its environment."""
    own = [value for value in call.environment.values() if len(value) >= _SHORTEST_PART]
    return (known or Scrubber(call.secrets.values())).also([call.callback_token, *own])


def _needles(secret: Any) -> Iterator[str]:
    """The texts by which a secret is known: itself, and the words of one such as "Bearer abc..."."""
    if isinstance(secret, Mapping):
        secret = list(secret.values())
    if isinstance(secret, list | tuple):
        for inner in secret:
            yield from _needles(inner)
    elif isinstance(secret, str) and len(secret) >= _SHORTEST:
        secret = secret.replace("\0", NUL_SHOWN)
        # As it is, and as it stands in a URL or in JSON.
        yield from (secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1])
        yield secret.removeprefix(PREFIX)  # a signing secret without its usual beginning
        words = secret.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]
        yield from (word for word in words if len(word) >= _SHORTEST_PART and "{{" not in word)
