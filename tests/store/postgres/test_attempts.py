"""What the store makes of what goes wrong, and which connections it takes; the database itself is played."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace

import asyncpg
import pytest

from horarium.domain.errors import Invalid, Unavailable
from horarium.store.base import READY, CommitUnknown, prompt
from horarium.store.postgres import PostgresStore, connection
from horarium.store.postgres import store as store_module
from horarium.store.postgres.connection import ACQUIRE_SECONDS, BY_KEY, READ_ONLY, Pool
from horarium.store.postgres.faults import place_of, unreachable
from horarium.store.postgres.lending import Lending
from tests.support.poolers import MODE
from tests.support.postgres import name_in, run_sql

AHEAD_MS = 3_600_000
# Sessions behind a pooler have no settings.
direct = pytest.mark.skipif(MODE == "only", reason="there is no direct address")


class Session:
    """A connection of a pool."""

    def __init__(self) -> None:
        self.ended = False

    def is_closed(self) -> bool:
        return self.ended

    def terminate(self) -> None:
        self.ended = True

    async def execute(self, command: str, *_: object) -> str:
        return command

    async def fetchrow(self, *_: object) -> list[int]:
        return [time.time_ns() // 1_000_000 + AHEAD_MS]


class Sessions:
    """The connections of one pool, of which it notes what is done with them."""

    def __init__(self) -> None:
        self.taken: list[Session] = []
        self.given_back = self.expired = 0
        self.patience: set[float] = set()
        self.refused: Exception | None = None

    async def acquire(self, timeout: float) -> Session:
        self.patience.add(timeout)
        if self.refused is not None:
            raise self.refused
        self.taken.append(Session())
        return self.taken[-1]

    async def release(self, session: Session) -> None:
        assert session in self.taken
        self.given_back += 1

    async def expire_connections(self) -> None:
        self.expired += 1


class Told:
    """The notifications of a node that are sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, int], int]] = []

    def send(self, announced: dict[str, int], now_ms: int) -> None:
        self.sent.append((announced, now_ms))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> PostgresStore:
    monkeypatch.setattr(store_module.random, "uniform", lambda low, high: 0.0)
    pools = [
        Pool(of, made := Sessions(), Lending(made, 2, ACQUIRE_SECONDS))
        for of in ("release", "engine", "writes", "reads")
    ]
    return PostgresStore("postgresql://h@db/h", pools, Told())  # type: ignore[arg-type]


def sessions(store: PostgresStore, of: str) -> Sessions:
    found: Sessions = next(pool.connections for pool in store._pools if pool.of == of)
    return found


ROLLED_BACK = "rolled back 5 times"
AWAY = "the database cannot be reached: "


@pytest.mark.parametrize("how", ["read", "write", "urgent"])
@pytest.mark.parametrize(
    ("error", "tries", "kind", "said", "gone"),
    [
        (asyncpg.DeadlockDetectedError("met"), 5, Unavailable, ROLLED_BACK, False),
        (asyncpg.SerializationError("met"), 5, Unavailable, ROLLED_BACK, False),
        (asyncpg.QueryCanceledError("late"), 1, Unavailable, "took longer than 5 s", False),
        (asyncpg.DiskFullError("full"), 1, Unavailable, "the database refused: full", False),
        (asyncpg.TooManyConnectionsError("full"), 1, Unavailable, "the database refused: full", False),
        (asyncpg.ReadOnlySQLTransactionError("standby"), 1, Unavailable, "refused: standby", False),
        (asyncpg.LockNotAvailableError("held"), 1, Unavailable, "refused: held", False),
        (asyncpg.IdleInTransactionSessionTimeoutError("idle"), 1, Unavailable, "refused: idle", False),
        (asyncpg.TransactionTimeoutError("long"), 1, Unavailable, "refused: long", False),
        (asyncpg.InvalidCachedStatementError("changed"), 1, Unavailable, "refused: changed", False),
        (asyncpg.InternalServerError("a broken page"), 1, Unavailable, "refused: a broken page", False),
        (asyncpg.RaiseError("a trigger"), 1, Unavailable, "the database refused: a trigger", False),
        (asyncpg.CheckViolationError("wrong"), 1, asyncpg.CheckViolationError, "wrong", False),
        (asyncpg.InsufficientPrivilegeError("no"), 1, Unavailable, "the database refused: no", False),
        (asyncpg.NumericValueOutOfRangeError("much"), 1, Invalid, "cannot be stored|hold", False),
        (
            asyncpg.UndefinedTableError("none"),
            1,
            RuntimeError,
            "does not understand a statement: none",
            False,
        ),
        (asyncpg.ConnectionDoesNotExistError("gone"), 5, Unavailable, f"{AWAY}gone", True),
        (asyncpg.InterfaceError("closed"), 5, Unavailable, f"{AWAY}closed", True),
        (asyncpg.AdminShutdownError("stops"), 5, Unavailable, f"{AWAY}stops", True),
        (ConnectionResetError("reset"), 5, Unavailable, f"{AWAY}reset", True),
        (TimeoutError(), 1, Unavailable, f"{AWAY}TimeoutError", True),
        (OSError("no network\nat all"), 1, Unavailable, f"{AWAY}no network$", True),
        (CommitUnknown(), 1, CommitUnknown, "its outcome is not known", False),
        (ValueError("a fault"), 1, ValueError, "a fault", False),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
async def test_each_error_is_tried_again_where_that_can_help_and_is_told_for_what_it_is(
    store: PostgresStore, how: str, error: Exception, tries: int, kind: type[Exception], said: str, gone: bool
) -> None:
    told: list[tuple[str, bool]] = []
    store.figures.tell = lambda verb, seconds, refused: told.append((verb, refused))

    tried: list[object] = []

    async def verb(tx: object) -> None:
        tried.append(tx)
        raise error

    with pytest.raises(kind, match=said):
        await getattr(store, how)(verb)
    used = sessions(store, {"read": "reads", "write": "writes", "urgent": "engine"}[how])
    assert len(tried) == tries
    # A connection that was lost is not used again.
    assert (len(used.taken), used.given_back) == ((tries, tries) if gone else (1, 0))
    assert {session.ended for session in used.taken} == {gone}
    assert used.expired == (tries if gone else 0)
    assert used.patience == {10.0}
    refused = issubclass(kind, Unavailable)
    assert told == [("verb", refused)]
    assert store.figures.refused == (1 if refused and how != "read" else 0)
    assert store.waiting() == {"engine": 0, "api": 0}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (asyncpg.InvalidPasswordError("wrong password"), "the database refused: wrong password"),
        (asyncpg.InvalidAuthorizationSpecificationError("no login"), "the database refused: no login"),
        (asyncpg.InvalidCatalogNameError("no such database"), "the database refused: no such database"),
        (asyncpg.ObjectNotInPrerequisiteStateError("shut"), "the database refused: shut"),
        (asyncpg.TooManyConnectionsError("full"), "the database refused: full"),
        (asyncpg.CannotConnectNowError("starts"), f"{AWAY}starts"),
        (asyncpg.TargetServerAttributeNotMatched("a standby"), f"{AWAY}a standby"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
async def test_a_database_that_lets_nobody_in_is_unavailable_until_it_does_again(
    store: PostgresStore, error: Exception, said: str
) -> None:
    """A password that is changed, a role or a database that is shut or renamed, is no fault of the server."""

    async def verb(tx: object) -> str:
        return "done"

    for pool in store._pools:
        pool.connections.refused = error
    for how in (store.read, store.write, store.urgent):
        with pytest.raises(Unavailable, match=said):
            await how(verb)
    with pytest.raises(Unavailable, match=said):
        await store.identity()
    for pool in store._pools:
        pool.connections.refused = None
    assert [await how(verb) for how in (store.read, store.write, store.urgent)] == ["done"] * 3


@direct
async def test_what_one_node_does_alone_is_unavailable_where_the_database_goes_away_meanwhile(
    url: str,
) -> None:
    """As where several nodes start, and the database is restarted."""
    opened = await PostgresStore.open(url, notify=False)
    try:
        with pytest.raises(Unavailable, match="cannot be reached: connection"):
            async with opened.alone():
                raise asyncpg.ConnectionDoesNotExistError("connection was closed")
        opened.url = "postgresql://me@127.0.0.1:9/none"
        with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:9 cannot be reached"):
            async with opened.alone():
                pass
    finally:
        await opened.close()


async def test_a_verb_that_was_rolled_back_is_done_at_its_next_try_and_announced_once(
    store: PostgresStore,
) -> None:
    heard: list[tuple[str, int]] = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    tried: list[int] = []

    async def verb(tx: store_module.PostgresTx) -> str:
        tried.append(1)
        tx.announce(READY, len(tried))
        tx.count("runs", "succeeded", len(tried))
        if len(tried) < 3:
            raise asyncpg.DeadlockDetectedError("met")
        return "done"

    assert await store.write(verb) == "done"
    assert heard == [(READY, 3)]
    assert store.figures.of("runs") == {"succeeded": 3}
    assert store.figures.refused == 0


async def test_other_nodes_are_told_by_the_clock_of_the_database(store: PostgresStore) -> None:
    async def verb(tx: store_module.PostgresTx) -> None:
        tx.announce(READY, 5)

    now = await store.now_ms()
    await store.write(verb)
    ((announced, sent_ms),) = store._notifications.sent  # type: ignore[attr-defined]
    assert announced == {READY: 5}
    assert now <= sent_ms < now + 60_000


async def test_each_kind_of_verb_has_connections_of_its_own(store: PostgresStore) -> None:
    async def verb(tx: object, items: object = None) -> None: ...

    @prompt
    async def released(tx: object) -> None: ...

    async def of(asked: object) -> str:
        for pool in store._pools:
            await pool.lending.expire()
            pool.connections.taken.clear()
        await asked  # type: ignore[misc]
        (found,) = [pool.of for pool in store._pools if pool.connections.taken]
        return str(found)

    assert await of(store.write(verb)) == await of(store.write_grouped(verb, 1)) == "writes"
    assert await of(store.urgent(verb)) == await of(store.now_ms()) == "engine"
    assert await of(store.urgent(released)) == await of(store.read(released)) == "release"
    assert await of(store.read(verb)) == await of(store.bytes()) == "reads"


async def test_those_who_wait_for_a_connection_are_counted_for_the_engine_and_for_the_api(
    store: PostgresStore,
) -> None:
    go = asyncio.Event()
    for pool in store._pools:
        take = pool.connections.acquire

        async def acquire(timeout: float, take=take) -> Session:  # type: ignore[no-untyped-def]
            await go.wait()
            session: Session = await take(timeout)
            return session

        pool.connections.acquire = acquire

    @prompt
    async def released(tx: object) -> None: ...

    async def verb(tx: object) -> None: ...

    asked = [
        store.urgent(released),
        store.urgent(verb),
        store.write(verb),
        store.read(verb),
        store.read(verb),
    ]
    tasks = [asyncio.create_task(one) for one in asked]
    for _ in range(3):
        await asyncio.sleep(0)
    assert store.waiting() == {"engine": 2, "api": 3}
    go.set()
    await asyncio.gather(*tasks)
    assert store.waiting() == {"engine": 0, "api": 0}


async def test_a_server_that_says_no_goodbye_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GOODBYE_SECONDS", 0.0)
    left: list[str] = []

    class Silent:
        async def close(self) -> None:
            await asyncio.Event().wait()

        def terminate(self) -> None:
            left.append("ended")

    await Pool("engine", silent := Silent(), Lending(silent, 1, 1.0)).close()
    assert left == ["ended"]


@direct
async def test_a_store_that_cannot_be_opened_leaves_no_connection_and_no_thread(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Pool] = []
    for name in ("make_pool", "make_side_pool"):
        real = getattr(store_module, name)

        async def make(*given: object, real=real) -> Pool:  # type: ignore[no-untyped-def]
            made.append(await real(*given))
            return made[-1]

        monkeypatch.setattr(store_module, name, make)

    async def refuse(url: str) -> None:
        raise Unavailable("a hidden pooler")

    monkeypatch.setattr(store_module, "refuse_hidden_pooler", refuse)
    before = set(threading.enumerate())
    with pytest.raises(Unavailable, match="a hidden pooler"):
        await PostgresStore.open(url)
    assert [pool.of for pool in made] == ["engine", "writes", "reads", "release"]
    assert all(pool.connections._closed for pool in made)
    assert not {thread.name for thread in set(threading.enumerate()) - before} & {"horarium-release"}


@pytest.mark.parametrize(("major", "refused"), [(14, True), (15, False), (17, False)])
def test_a_server_that_is_too_old_is_refused(major: int, refused: bool) -> None:
    if refused:
        with pytest.raises(Unavailable, match="PostgreSQL 15 or newer is needed; the server is 14"):
            store_module._check_version(SimpleNamespace(major=major))
    else:
        store_module._check_version(SimpleNamespace(major=major))


@direct
@pytest.mark.parametrize(
    ("of", "settings"),
    [("engine", BY_KEY), ("writes", BY_KEY), ("reads", READ_ONLY), ("release", BY_KEY)],
)
async def test_connections_of_each_pool_have_their_settings(
    url: str, of: str, settings: dict[str, str]
) -> None:
    """Whatever the operator allows others in this database."""
    for setting in ("statement_timeout", "lock_timeout"):
        run_sql(f'ALTER DATABASE "{name_in(url)}" SET {setting} = 1')
    opened = await PostgresStore.open(url, "horarium node 1", notify=False)
    (pool,) = [pool for pool in opened._pools if pool.of == of]
    wanted = {**settings, "jit": "off", "idle_in_transaction_session_timeout": "10s", "lock_timeout": "0"}
    wanted |= {"statement_timeout": "5s" if of == "reads" else "0"}

    async def shown() -> dict[str, str]:
        async with pool.connections.acquire() as session:
            names = [*wanted, "application_name"]
            return {name: await session.fetchval(f"SHOW {name}") for name in names}

    try:
        assert await pool.run(shown()) == wanted | {"application_name": "horarium node 1"}
    finally:
        await opened.close()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://me:word@db/x", "db:5432"),
        ("postgresql://me:word@a:1,b/x", "a:1, b:5432"),
        ("postgresql://me@/x?host=/run/pg&port=6", "/run/pg:6"),
        ("postgresql://me@/x", "localhost:5432"),
    ],
)
def test_an_error_names_the_place_and_no_password(url: str, place: str) -> None:
    said = str(unreachable(OSError("refused\nmore"), url))
    assert said == f"the database at {place} cannot be reached: refused"
    assert place_of(url) == place
