"""The targets that a worker knows: configuration parsed, secrets opened, kept per version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.hidden_hosts import host_hider
from horarium.domain.ids import Id
from horarium.domain.json_text import memory_of
from horarium.domain.target import TargetState
from horarium.domain.variations import longest_variation
from horarium.executors.template import Filling
from horarium.store.rows import TargetRow
from horarium.store.vault import Vault
from horarium.worker.work import DELETED, RunnableTarget

# How many are kept, and how many bytes of their configurations.
KEPT, KEPT_BYTES = 10_000, 64 << 20
# What the paths of secrets begin with that templates may use.
_NAMED = "secrets."


class TargetCache:
    """Targets by id. The claim tells the version it needs; an older copy is fetched anew."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[Id, RunnableTarget] = {}
        self._bytes = 0

    @property
    def versions(self) -> dict[Id, int]:
        return {target.id: target.version for target in self._known.values()}

    def version(self, target_id: Id) -> int | None:
        """The version of a target that is known, None where it is not known."""
        found = self._known.get(target_id)
        return None if found is None else found.version

    def learn(self, rows: Sequence[TargetRow], needed: Iterable[Id] = ()) -> None:
        """Know these from now on, but no earlier version in place of a later one. Where that is too many, all others
        but those that are needed are forgotten."""
        sizes = {row.id: memory_of(row.config) + memory_of(row.extra) for row in rows}
        if len(self._known) + len(rows) > KEPT or sum(sizes.values()) + self._bytes > KEPT_BYTES:
            self._known = {one: self._known[one] for one in needed if one in self._known}
            self._bytes = sum(target.size for target in self._known.values())
        for row in rows:
            before = self._known.get(row.id)
            if before is None or row.version >= before.version:
                self._known[row.id] = self._runnable(row, sizes[row.id])
                self._bytes += sizes[row.id] - (0 if before is None else before.size)

    def get(self, target_id: Id) -> RunnableTarget | None:
        return self._known.get(target_id)

    def __getitem__(self, target_id: Id) -> RunnableTarget:
        return self._known[target_id]

    def environment(self, sealed: bytes | None, schedule_id: Id | None) -> Mapping[str, str]:
        """A schedule's environment variables, opened."""
        if sealed is None or schedule_id is None:
            return {}
        return self._vault.open(sealed, schedule_id)

    def _runnable(self, row: TargetRow, size: int) -> RunnableTarget:
        disabled = None
        if row.deleted_ms is not None:
            disabled = DELETED
        elif row.state != TargetState.ENABLED:
            disabled = row.state_reason or "switched off"
        config = orjson.loads(row.config)
        extra = orjson.loads(row.extra)
        secrets = {} if row.secrets is None else self._vault.open(row.secrets, row.sealed_for)
        return RunnableTarget(
            row.id,
            row.version,
            row.name,
            row.executor,
            config,
            secrets,
            row.completion,
            row.timeout_ms,
            row.deadline_ms,
            disabled,
            extra,
            row.home_id if row.mirrored else None,
            host_hider(config, secrets) if row.mirrored else None,
            size,
            Filling.of(config, {name: secrets[path] for path, name in _named(secrets)}),
            longest_variation(extra, row.id),
        )


def _named(secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths of the secrets that templates may use, each with its name there."""
    return ((path, path.removeprefix(_NAMED)) for path in secrets if path.startswith(_NAMED))
