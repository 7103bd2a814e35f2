"""Secrets in a target's configuration: told apart, kept, put back, and scrubbed from what comes out.

A configuration as given holds its secrets in place. `split` takes them out, leaving `***`, and names each
by its path ("secrets.TOKEN", "headers.Authorization", "signing_secret"); `reveal` puts them back for a run;
`merge_secrets` fills the `***` of a later replacement from what is stored, so that a caller can send back
what was shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call

MASK = "***"

# Groups whose members are secret: all of `secrets`, and in the others those whose name sounds like one.
_GROUPS = ("secrets", "headers", "environment")
_SENSITIVE = re.compile(
    r"authorization|cookie|token|secret|key|password|passwd|credential|signature", re.IGNORECASE
)

# A shorter value is likelier to be met by chance than to be a secret that leaked.
_SHORTEST = 4
_SHORTEST_PART = 8
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


def merge_secrets(old_secrets: Mapping[str, Any], new_config: Mapping[str, Any]) -> dict[str, Any]:
    """A replacement with every `***` filled from the stored secrets; header names match in any case.

    A signing secret that the replacement leaves out is kept as well, so that saving a form does not lock
    receivers out. A `***` with nothing stored stays, and `check` refuses it.
    """
    stored = {path.lower(): value for path, value in old_secrets.items()}
    merged: dict[str, Any] = dict(new_config)
    for field, value in new_config.items():
        if value == MASK:
            merged[field] = stored.get(field.lower(), MASK)
        elif field in _GROUPS and isinstance(value, Mapping):
            merged[field] = {
                name: stored.get(f"{field}.{name}".lower(), MASK) if inner == MASK else inner
                for name, inner in value.items()
            }
    if "signing_secret" in old_secrets:
        merged.setdefault("signing_secret", old_secrets["signing_secret"])
    return merged


def named_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """The `secrets` group of a whole configuration: what `{{ secrets.NAME }}` stands for."""
    return dict(config.get("secrets") or {})


def check_secrets(config: Mapping[str, Any], fields: Collection[str] = ()) -> list[Problem]:
    """Problems of the `secrets` group, and every `***` for which nothing is stored."""
    problems = [
        Problem(path, "is ***, which keeps a stored secret, and there is none here: give its value")
        for path in _masked(config, fields)
    ]
    group = config.get("secrets")
    if group is None:
        return problems
    if not isinstance(group, Mapping):
        return [*problems, Problem("secrets", "must be an object of names and texts", "type")]
    for name, value in group.items():
        if not _SECRET_NAME.fullmatch(name):
            problems.append(Problem(f"secrets.{name}", "must have a name of letters, digits and underscores"))
        if not isinstance(value, str):
            problems.append(Problem(f"secrets.{name}", "must be a text", "type"))
    return problems


def _masked(config: Mapping[str, Any], fields: Iterable[str]) -> Iterable[str]:
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
        found: set[str] = set()
        for secret in secrets:
            found.update(_needles(secret))
        # The longest first, or a secret that begins with another one would leave its tail behind.
        self._needles = sorted(found, key=len, reverse=True)

    def also(self, secrets: Iterable[Any]) -> Scrubber:
        """One that knows more (a run's own token and environment)."""
        return Scrubber([*self._needles, *secrets])

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
            for length in range(min(len(needle), len(text)), _SHORTEST - 1, -1):
                if text.endswith(needle[:length]):
                    return text[:-length] + MASK
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with its texts scrubbed, names of fields as well."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return value


def run_scrubber(call: Call, known: Scrubber | None = None) -> Scrubber:
    """One that also knows what is secret in this run alone: its callback token and its environment."""
    own = [value for value in call.environment.values() if len(value) >= _SHORTEST_PART]
    return (known or Scrubber(call.secrets.values())).also([call.callback_token, *own])


def _needles(secret: Any) -> Iterable[str]:
    """The texts by which a secret is known: itself, and the words of one such as "Bearer abc..."."""
    if isinstance(secret, Mapping):
        secret = list(secret.values())
    if isinstance(secret, list | tuple):
        for inner in secret:
            yield from _needles(inner)
    elif isinstance(secret, str) and len(secret) >= _SHORTEST:
        # As it is, and as it stands in a URL or in JSON.
        yield from (secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1])
        yield from (part for part in secret.split() if len(part) >= _SHORTEST_PART and "{{" not in secret)
