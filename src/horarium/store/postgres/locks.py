"""Advisory locks: what only one process may do at a time. A lock ends with its transaction, so no pooler keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from horarium.domain.errors import Unavailable

_log = structlog.get_logger(__name__)

# The pause between two questions, and how long a process waits before it says so, and says so again.
AGAIN_S = 0.2
TOLD_EVERY_S = 5.0


@asynccontextmanager
async def locked(connection: Any, lock: int, work: str, patience_s: float) -> AsyncIterator[None]:
    """A transaction on `connection` in which no other process holds the lock of this number. `work` says in the log and
    in the error what others are waited for.

    A process that does not get the lock asks again and again. If it waited within the database, it would occupy a
    server of a pooler for that time, and the holder of the lock might find none left. Raises Unavailable after
    `patience_s`.
    """
    begun = told = time.monotonic()
    while (transaction := await _taken(connection, lock)) is None:
        now = time.monotonic()
        if now - begun > patience_s:
            raise Unavailable(
                f"another process has been busy with {work} for more than {patience_s:g} s: see what it does, or end it"
            )
        if now - told > TOLD_EVERY_S:
            told = now
            _log.info("waiting_for_another_process", work=work, seconds=round(now - begun))
        await asyncio.sleep(AGAIN_S)
    async with _ending(transaction, connection):
        yield


async def _taken(connection: Any, lock: int) -> Any:
    """Begin a transaction that holds the lock; None, and no transaction, where another process has it. While others
    work it is idle, which must not end it."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock):
        return transaction
    await transaction.rollback()
    return None


@asynccontextmanager
async def _ending(transaction: Any, connection: Any) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await transaction.rollback()
        raise
    await transaction.commit()
