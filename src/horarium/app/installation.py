"""What a server finds when it starts: data folder, database, the keys of its secrets, and the first workspace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import structlog

from horarium.api.kit import registry as dialects
from horarium.domain.errors import Unavailable
from horarium.domain.tenancy import is_key
from horarium.engine.clock import DatabaseClock
from horarium.service.tenancy import bootstrap, recover
from horarium.settings import Settings
from horarium.store.base import Store
from horarium.store.file_lock import file_lock, sqlite_lock
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.migrate import migrate_postgres
from horarium.store.private_files import private_database, private_folder
from horarium.store.sqlite import SqliteStore
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.vault import Vault
from horarium.store.verbs import meta
from horarium.times import grammar_names

_log = structlog.get_logger(__name__)

_OTHER_FOLDER = "stop it, or give this one a folder of its own with --data"


@asynccontextmanager
async def data_folder(settings: Settings, advice: str = _OTHER_FOLDER) -> AsyncIterator[Path]:
    """The data folder, which is made if it is missing, and locked while the block runs.

    Raises Unavailable where it cannot be used, and, with this `advice`, where another server has it.
    """
    refusal = f"another Horarium server is using {settings.data}: {advice}"
    with ExitStack() as held:
        try:
            private = private_folder(settings.data)
            held.enter_context(file_lock(settings.data / "lock", refusal))
        except OSError as error:
            raise Unavailable(
                f"the data folder {settings.data} cannot be used: {_reason(error)}; name another with --data"
            ) from None
        if not private:
            open_to = f"others on this machine can look into it; chmod 700 {settings.data}"
            _log.warning("data_folder_open", folder=str(settings.data), advice=open_to)
        yield settings.data


def _reason(error: Exception) -> str:
    """Why a file could not be opened, without the number of the error and the name of the file."""
    if isinstance(error, OSError):
        if isinstance(error, FileExistsError | NotADirectoryError):
            return f"{error.filename} is not a folder"
        return f"{error.strerror} ({error.filename})"
    return str(error)


def open_sqlite(path: Path, stack: AsyncExitStack) -> SqliteStore:
    """The store in a SQLite file, whose schema is brought up to date. `stack` closes it and gives back its lock.

    Raises Unavailable, also where another process works on the file, whatever data folder it was given.
    """
    try:
        stack.enter_context(sqlite_lock(path))
        private_database(path)
        store = SqliteStore(path)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"the database file {path} cannot be opened: {_reason(error)}; its folder must exist and be writable"
        ) from None
    stack.push_async_callback(store.close)
    applied = migrate_sqlite(store.connection)
    if applied:
        _log.info("migrated", applied=applied)
    return store


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[tuple[Store, Vault]]:
    """The store that the settings name, its schema brought up to date, and the vault for its secrets.

    Raises Unavailable where the database cannot be used, and where its secrets were encrypted with another key.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if settings.database_url.startswith("sqlite:///"):
            data = await stack.enter_async_context(data_folder(settings))
            store = open_sqlite(Path(settings.database_url.removeprefix("sqlite:///")), stack)
            given = None if settings.secret_key is None else Vault(settings.secret_key.split(","))
            vault = given or _vault_in_file(data / "secret.key", await store.write(meta.has_vault))
        else:
            vault = _given_vault(settings)
            applied = await migrate_postgres(settings.database_url)
            if applied:
                _log.info("migrated", applied=applied)
            store = await PostgresStore.open(
                settings.database_url,
                f"horarium {settings.node or os.getpid()}",
                pooled=settings.database_pooled,
            )
            stack.push_async_callback(store.close)
        if not await store.write(meta.is_complete):
            raise Unavailable(
                "a copy into this database has not been finished: run the copy again, it continues where it stopped"
            )
        if await store.write(meta.is_backup):
            raise Unavailable(
                "the database is a backup, on which no server works: restore it with `horarium restore`"
            )
        if not vault.seal_with(await store.write(meta.agree_on_vault, vault.fingerprint())):
            raise Unavailable(
                "the secrets in this database were encrypted with another secret key: give that key, or both keys with "
                "the new one first"
            )
        yield store, vault


def _vault_in_file(path: Path, has_secrets: bool) -> Vault:
    """The vault with the keys in a file, which is made at the first start. Raises Unavailable where the file is missing
    and the database holds secrets already: a new key would not open them."""
    if has_secrets and not path.exists():
        raise Unavailable(
            f"the key file {path} is missing, and the secrets in this database were encrypted with it: put the file "
            "secret.key that belongs to this database there"
        )
    try:
        return Vault.from_file(path)
    except OSError as error:
        raise Unavailable(f"the key file {path} cannot be used: {_reason(error)}") from None


def _given_vault(settings: Settings) -> Vault:
    """The vault with the keys from the settings. On PostgreSQL no node makes a key, because all need the same one."""
    if settings.secret_key is None:
        raise Unavailable(
            "with PostgreSQL the secret key must be given: set HORARIUM_SECRET_KEY to the base64 of 32 random bytes, "
            "the same on every node"
        )
    return Vault(settings.secret_key.split(","))


async def make_first_workspace(store: Store, clock: DatabaseClock, settings: Settings) -> None:
    """Make the first workspace and its key where there is none; of several nodes that start, one does it."""
    async with store.alone() if isinstance(store, PostgresStore) else nullcontext():
        await bootstrap(store, clock.now_ms(), settings.left_key_file, _given_admin_key(settings))


def _given_admin_key(settings: Settings) -> str | None:
    """The first administrator's key, where the operator gives it. Raises Unavailable for a file that holds none."""
    if settings.admin_key_file is None:
        return settings.admin_key
    try:
        text = settings.admin_key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"the first administrator's key cannot be read: {error}") from None
    if not is_key(text):
        raise Unavailable(
            f"{settings.admin_key_file} holds no key: it must hold hor_ and 32 to 124 letters, digits, - and _"
        )
    return text


def _existing_file(settings: Settings) -> Path:
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    if not file.exists():
        raise Unavailable(f"there is no database at {file}: name the server's data folder with --data")
    return file


async def recover_key(settings: Settings) -> str:
    """Make another key of the whole server, with nothing but access to the database. Returns its text.

    Raises Unavailable where the database cannot be used, and NotFound where it has no workspace yet.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if settings.database_url.startswith("sqlite:///"):
            file = _existing_file(settings)
            await stack.enter_async_context(data_folder(settings, "stop it first"))
            store = open_sqlite(file, stack)
        else:
            await migrate_postgres(settings.database_url)
            store = await PostgresStore.open(settings.database_url, "horarium key recover")
            stack.push_async_callback(store.close)
        return (await recover(store, await store.now_ms())).text


async def refuse_missing_dialects(store: Store) -> None:
    """Raises Unavailable where the database holds schedules whose recurrences no installed dialect can read: nobody
    would fire them."""
    missing = await store.write(meta.schedules_without_dialect, grammar_names())
    if missing:
        counts = ", ".join(f"{count} of {name}" for name, count in missing.items())
        raise Unavailable(
            f"the database holds schedules of dialects that are not installed here: {counts}; install the packages "
            f"that provide these dialects (entry points of the group {dialects.GROUP})"
        )
