"""What keys and principals may do, in words that people understand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from horarium.domain.ids import Id
from horarium.domain.restrictions import Restriction
from horarium.domain.target import Target
from horarium.domain.tenancy import EVERY_SCOPE, EVERY_TARGET, SCOPES, Identity

# What each scope allows.
SCOPE_WORDS: Mapping[str, str] = {
    "schedules:read": "see schedules and what they will do",
    "schedules:write": "make, change, pause, resume and fire schedules",
    "schedules:delete": "delete schedules",
    "targets:read": "see targets",
    "targets:write": "make, change, enable and disable targets",
    "runs:read": "see runs, fires and the ledger",
    "runs:write": "cancel and repeat runs",
    "directory:read": "see the directory and the audiences",
    "directory:write": "upload to the directory, and set audience sources up",
    "events:read": "read events, and see where they are sent",
    "events:write": "set up where events are sent",
    "audit:read": "read the audit log",
    "keys:admin": "make and revoke keys, give grants, and change the settings of the workspace",
    "workspaces:admin": "see and make workspaces of the whole server, and set their limits",
    EVERY_SCOPE: "everything within this workspace",
}
# How many targets a sentence names.
_NAMED = 5


def scopes_to_give(who: Identity) -> list[tuple[str, str]]:
    """The scopes that a key can give to another one, each with its words."""
    return [
        (scope, SCOPE_WORDS[scope])
        for scope in SCOPES
        if scope in who.scopes or (scope != EVERY_SCOPE and who.may(scope))
    ]


def scopes_in_words(scopes: Iterable[str]) -> list[str]:
    """What a key with these scopes may do, one line for each."""
    return [SCOPE_WORDS.get(scope, scope) for scope in scopes]


def grants_in_words(granted: Collection[Id], targets: Mapping[Id, Target]) -> str:
    """Which targets a principal may schedule. `targets` are those that the words can name."""
    if EVERY_TARGET in granted:
        return "may schedule every target"
    if not granted:
        return "may schedule no target"
    names = sorted(targets[each].name if each in targets else "a deleted target" for each in granted)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"may schedule {', '.join(names[:_NAMED])}{more}"


def restriction_in_words(restriction: Restriction, targets: Mapping[Id, Target]) -> list[str]:
    """What a key is restricted to beside its scopes, one line for each kind of restriction."""
    lines = []
    if restriction.targets:
        names = sorted(
            targets[each].name if each in targets else "a deleted target" for each in restriction.targets
        )
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"only schedules and runs of {', '.join(names[:_NAMED])}{more}")
    if restriction.labels:
        labels = ", ".join(f"{name}:{value}" for name, value in restriction.labels.items())
        lines.append(f"only schedules with the labels {labels}")
    if restriction.networks:
        lines.append(f"only from {', '.join(restriction.networks)}")
    return lines
