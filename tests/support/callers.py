"""Callers for tests of use cases: whose workspace they act in, and which targets they may schedule."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.domain.ids import Id
from horarium.domain.tenancy import EVERY_SCOPE, EVERY_TARGET, Identity, Principal, PrincipalType, Workspace


def caller(workspace: Id, principal: Id, granted: Iterable[Id] = (EVERY_TARGET,)) -> Identity:
    """Somebody with every scope, and with a grant on these targets."""
    return Identity(
        Workspace(workspace, "w", "w", 0, 0),
        Principal(principal, workspace, PrincipalType.SERVICE, "p", 0),
        principal,
        frozenset({EVERY_SCOPE}),
        frozenset(granted),
    )
