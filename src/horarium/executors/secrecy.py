"""Secrets in a target's configuration: how they are found, stored, used, and removed from output.

A configuration in a request contains its secrets. `split` replaces each of them by `***` and returns them by path
("secrets.TOKEN", "headers.Authorization", "signing_secret"). `reveal` puts them back for a run. A client may send
back a configuration that contains `***`; then `merge_secrets` puts the stored secrets in their place, but only if
they still go to the place for which they were given. `Scrubber` replaces secrets in outputs and errors.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import Any
from urllib.parse import quote

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call
from horarium.domain.target import MASK
from horarium.executors.checks import shortened
from horarium.executors.signing import bare, random_part

# Objects in a configuration whose members can be secret: all members of `secrets`, and in the others those whose name
# matches _SENSITIVE.
_GROUPS = ("secrets", "headers", "environment")
_SENSITIVE = re.compile(
    r"auth|bearer|cookie|session|token|jwt|secret|key|pass|pwd|credential|signature|dsn", re.IGNORECASE
)
# A URL that carries a password, whatever the name of its variable.
_URL_WITH_PASSWORD = re.compile(r"://[^/?#\s@:]*:[^/?#\s@]+@")

# The fewest characters of a secret, and of a word of a secret, that is searched for. A shorter text is more likely
# there by chance than because a secret leaked.
_SHORTEST = 4
_SHORTEST_PART = 8

# Limits of the `secrets` object: its members, and the characters of all of them together. Every output is searched for
# every secret, so the number must be limited.
MAX_SECRETS = 100
MAX_SECRET_CHARS = 64 * 1024

# How many words of a secret are searched for separately, and of all secrets together. Every output is searched for
# each of them.
_MOST_WORDS, _MOST_WORDS_TOGETHER = 64, 256

# How many of its first characters tell a secret where a text was cut.
_BEGINNING = 200

# The field of the secret that signs requests. The secret itself is never sent.
SIGNING_FIELD = "signing_secret"

# The problem of a `***` that cannot be replaced by a stored secret.
NOT_KEPT = (
    "is ***, which keeps the stored secret, but no secret can be kept here: none is stored, or the change would send "
    "it to another host, port, program or function; give the secret itself"
)

_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#\\]*)", re.IGNORECASE)
_USUAL_PORTS = {"http": "80", "https": "443"}

# What replaces a NUL character.
NUL_SHOWN = "\ufffd"

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def is_sensitive(name: str) -> bool:
    """Whether a header or an environment variable with this name contains a secret."""
    return _SENSITIVE.search(name) is not None


def _is_secret(group: str, name: str, value: Any) -> bool:
    if group == "secrets" or is_sensitive(name):
        return True
    return isinstance(value, str) and _URL_WITH_PASSWORD.search(value) is not None


def split(config: Mapping[str, Any], fields: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration with `***` for each secret, and the secrets by path.

    `fields` are fields of the configuration that are secret as a whole.
    """
    public: dict[str, Any] = dict(config)
    secrets: dict[str, Any] = {}
    for group in _GROUPS:
        members = config.get(group)
        if isinstance(members, Mapping):
            hidden = {name: value for name, value in members.items() if _is_secret(group, name, value)}
            secrets |= {f"{group}.{name}": value for name, value in hidden.items()}
            public[group] = {name: MASK if name in hidden else value for name, value in members.items()}
    for field in fields:
        if config.get(field) is not None:
            secrets[field] = config[field]
            public[field] = MASK
    return public, secrets


def reveal(config: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it was given, with its secrets in their places."""
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
    """A new configuration in which the stored secrets replace every `***`. Upper and lower case make no difference.

    This is done only if the secrets still go to the place for which they were given (see `destination`). Otherwise
    somebody who may edit a target but not see its secrets could have them sent to an address of their own. A `***`
    that is not replaced stays, and `check` refuses it.

    The signing secret is always kept, even if the new configuration leaves it out, so that receivers can still verify
    requests after somebody saves a form. This is safe, because it is never sent and templates cannot use it.
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
    """The place to which a configuration's secrets go. Two results are equal only if it is the same place.

    For `http`, and for `llm` with a base URL, it is the scheme, host and port. For `llm` without one it is the
    provider, for `command` the program, and for `python` the function. The connection of an `sql` target is secret as
    a whole, so no other field can send it elsewhere. For types of plug-ins, everything except the secrets counts,
    because we do not know what their fields mean.
    """
    match executor_type:
        case "http":
            return origin(config.get("url"))
        case "llm":
            model = str(config.get("model")).partition(":")[0]
            return origin(config["base_url"]) if config.get("base_url") is not None else model
        case "command":
            argv = config.get("argv")
            return argv[0] if isinstance(argv, list) and argv else None
        case "python":
            return config.get("function")
        case "sql":
            return None
    return {name: value for name, value in config.items() if name not in _GROUPS and value != MASK}


def origin(url: Any) -> tuple[str, str, str]:
    """The scheme, host and port of a URL.

    If the host has a placeholder, the whole URL takes the place of the host, because only all of it says where
    requests go.
    """
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
    """The values of `{{ secrets.NAME }}` by name. `config` is a configuration with its secrets in their places."""
    return dict(config.get("secrets") or {})


def secret_names(config: Mapping[str, Any]) -> Sequence[str]:
    """The names of the secrets that templates of a configuration may use."""
    given = config.get("secrets")
    return tuple(given) if isinstance(given, Mapping) else ()


def check_secrets(config: Mapping[str, Any], fields: Collection[str] = ()) -> list[Problem]:
    """Problems of the `secrets` object, and a problem for every `***` that no stored secret replaced."""
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
    """The paths of secrets whose value is `***`."""
    for group in _GROUPS:
        members = config.get(group)
        if isinstance(members, Mapping):
            yield from (f"{group}.{name}" for name, v in members.items() if v == MASK)
    yield from (field for field in fields if config.get(field) == MASK)


class Scrubber:
    """Replaces known secrets in texts and JSON values by `***`."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        texts = [text for secret in secrets for text in _texts(secret)]
        # Of each secret the first words, then the second ones, so that no long secret takes the words of others.
        words = (word for row in zip_longest(*map(_words, texts)) for word in row if word is not None)
        needles = chain(chain.from_iterable(map(_forms, texts)), islice(words, _MOST_WORDS_TOGETHER))
        self._needles = _ordered(needles)

    def also(self, secrets: Iterable[Any]) -> Scrubber:
        """A scrubber that replaces more secrets as well, such as the callback token of a run."""
        more = Scrubber(secrets)
        more._needles = _ordered([*self._needles, *more._needles])
        return more

    def __bool__(self) -> bool:
        return bool(self._needles)

    def text(self, text: str) -> str:
        """The text with `***` for every secret."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    def cut(self, text: str) -> str:
        """Like `text`, for a text that was cut: if it ends with the beginning of a secret, that is replaced too.

        Of a long secret that begins near the end, whatever follows is replaced as well.
        """
        text = self.text(text)
        for needle in self._needles:
            if len(needle) > _BEGINNING:
                at = text.find(needle[:_BEGINNING], max(0, len(text) - len(needle)))
                if at >= 0:
                    return text[:at] + MASK
            length = _overlap(text, needle[:_BEGINNING])
            if length >= _SHORTEST:
                return text[:-length] + MASK
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with `***` for every secret in its texts and in the names of its fields.

        NUL characters are replaced too, because databases refuse them. All texts are joined and searched together:
        searching many small texts one by one for every secret would take long.
        """
        texts: list[str] = []
        _gather(value, texts)
        joined = "\0".join(text.replace("\0", NUL_SHOWN) for text in texts)
        return _rebuilt(value, iter(self.text(joined).split("\0")))


def _ordered(needles: Iterable[str]) -> list[str]:
    """The longest first. Otherwise, if a secret begins with a shorter one, its end would stay in the text."""
    return sorted(set(needles), key=len, reverse=True)


def _gather(value: Any, texts: list[str]) -> None:
    """Adds all texts and names of a JSON value to `texts`."""
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
    """The same value with other texts, which come in the order in which `_gather` found the old ones."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {next(texts): _rebuilt(inner, texts) for inner in value.values()}
    if isinstance(value, list):
        return [_rebuilt(inner, texts) for inner in value]
    return value


def _overlap(text: str, needle: str) -> int:
    """How many of the first characters of `needle` the text ends with.

    This is the search of Knuth, Morris and Pratt. Comparing every possible length would take time that grows with the
    square of the needle's length.
    """
    tail = text[-len(needle) :]
    first = tail.find(needle[:_SHORTEST])
    if first < 0:
        return 0
    # fallback[i] is the length of the longest proper prefix of the needle with which its first i + 1 characters end.
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
    """A scrubber that also replaces what is secret only in this run: its callback token and its environment.

    `known` already replaces the target's secrets. Without it, a new scrubber is made from the call.
    """
    own = [value for value in call.environment.values() if len(value) >= _SHORTEST_PART]
    return (known or Scrubber(call.secrets.values())).also([call.callback_token, *own])


def _texts(secret: Any) -> Iterator[str]:
    """The texts in a secret that are long enough to be searched for."""
    if isinstance(secret, Mapping):
        secret = list(secret.values())
    if isinstance(secret, list | tuple):
        for inner in secret:
            yield from _texts(inner)
    elif isinstance(secret, str) and len(secret) >= _SHORTEST:
        yield secret.replace("\0", NUL_SHOWN)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and in the forms that it has in a URL and in JSON."""
    yield from (secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1])
    yield from (bare(secret), random_part(secret))  # a signing secret may also be written without whsec_


def _words(secret: str) -> Iterator[str]:
    """The words of a secret that are searched for too, because a secret can be like "Bearer abc..."."""
    words = secret.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]
    return (word for word in words if len(word) >= _SHORTEST_PART and "{{" not in word)
