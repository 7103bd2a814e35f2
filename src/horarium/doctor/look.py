"""Look at an installation from outside and inside. Nothing is changed, and no lock is taken."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cryptography import x509

from horarium import __version__
from horarium.doctor.checks import Database, Seen, Server
from horarium.domain.errors import HorariumError
from horarium.open_files import raise_limit
from horarium.settings import Settings
from horarium.store.base import Tx
from horarium.store.database_urls import sqlite_path
from horarium.store.migrations import latest
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite.migrate import APPLICATION_ID
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.vault import Vault, VaultError
from horarium.store.verbs.meta import VAULT_KEY, all_meta
from horarium.store.verbs.readiness import newest_entry_ms, schema_number
from horarium.store.verbs.watchdog import watch
from horarium.times import TZDATA_VERSION
from horarium.watchdog.checks import TOLD_FOR_MS

# How long the database and the server may take to answer.
PATIENCE_S = 5.0


async def look(settings: Settings, address: str) -> Seen:
    """Everything that can be seen of the installation of these settings, whose server is at `address`."""
    file = sqlite_path(settings.database_url)
    server, (database, trouble) = await asyncio.gather(_server(address), _database(settings.database_url))
    folder, is_open = _folder(settings.data, file is not None)
    key, fits = _key(settings, None if database is None else database.meta.get(VAULT_KEY))
    days, certificate_trouble = _certificate(settings.tls_cert)
    beside = [settings.data] if file is None else [settings.data, file.absolute().parent]
    return Seen(
        program=__version__,
        schema=latest(),
        zone_data=TZDATA_VERSION,
        server=server,
        folder=folder,
        folder_open=is_open,
        folder_missing=not settings.data.exists(),
        database=database,
        trouble=trouble,
        key=key,
        key_fits=fits,
        free={str(path.absolute()): _free(path) for path in beside if path.exists()},
        open_files=raise_limit(),
        certificate_days=days,
        certificate_trouble=certificate_trouble,
        backup_ms=None if settings.backup_to is None else int(2 * settings.backup_every * 3_600_000),
    )


async def _server(address: str) -> Server:
    """What answers there. Its certificate is not verified: it need not name the address that is asked."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(f"{address}/healthz", ssl=False) as answer:
                version = (await answer.json(content_type=None)).get("version")
            async with session.get(f"{address}/readyz", ssl=False) as answer:
                said = await answer.json(content_type=None)
                ready, reasons = answer.status == 200, str(said.get("detail", answer.status))
    except TimeoutError:
        return Server(address, trouble=f"no answer within {PATIENCE_S:g} s", taken=True)
    except aiohttp.ClientConnectorError as error:
        return Server(address, trouble=_reason(error.os_error))
    except (aiohttp.ClientError, ValueError, AttributeError) as error:
        return Server(address, trouble=str(error) or type(error).__name__, taken=True)
    if version is None:
        return Server(address, trouble="it has no version", taken=True)
    return Server(address, version, ready, reasons, taken=True)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


async def _database(url: str) -> tuple[Database | None, str | None]:
    """What the database says of itself, or why it gives no answer."""
    file = sqlite_path(url)
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            if file is not None:
                return await asyncio.to_thread(_read_file, file), None
            return await _read_postgres(url), None
    except TimeoutError:
        return None, f"it did not answer within {2 * PATIENCE_S:g} s"
    except (HorariumError, sqlite3.Error, OSError) as error:
        return None, str(error)


def _read_file(file: Path) -> Database:
    """Read a SQLite file beside its server. Raises sqlite3.Error, and OSError where there is none."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    uri = f"{file.absolute().as_uri()}?mode=ro"
    here = time.time_ns() // 1_000_000
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as connection:
        mark, number = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if mark != APPLICATION_ID or number != latest():
            return Database("sqlite", number if mark == APPLICATION_ID else 0, here, here)
        return drive(_content(SqliteTx(connection, load("sqlite")), "sqlite", here, here))


async def _read_postgres(url: str) -> Database:
    store = await PostgresStore.open(url, "horarium doctor", notify=False)
    try:
        now, here = await store.now_ms(), time.time_ns() // 1_000_000
        number = 0
        with suppress(RuntimeError):  # without its table there is no schema
            number = await store.read(schema_number)
        if number != latest():
            return Database("postgresql", number, now, here)
        return await store.read(_content, "postgresql", now, here)
    finally:
        await store.close()


async def _content(tx: Tx, kind: str, now: int, here: int) -> Database:
    ledger = await watch(tx, now - TOLD_FOR_MS)
    return Database(kind, latest(), now, here, await all_meta(tx), ledger, await newest_entry_ms(tx))


def _folder(folder: Path, must_exist: bool) -> tuple[str | None, bool]:
    """What is wrong with the data folder, and whether others may look into it."""
    if not folder.is_dir():
        words = f"{folder} is no folder" if folder.exists() else f"there is no data folder {folder}"
        return (words if must_exist or folder.exists() else None), False
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"this account may not write to {folder}", False
    return None, bool(folder.stat().st_mode & 0o077)


def _key(settings: Settings, fingerprint: str | None) -> tuple[str | None, bool]:
    """Why there is no key, and whether the key is that of a fingerprint."""
    file = settings.data / "secret.key"
    try:
        if settings.secret_key is not None:
            vault = Vault(settings.secret_key.split(","))
        elif sqlite_path(settings.database_url) is None:
            return "HORARIUM_SECRET_KEY is not set", False
        elif not file.exists():
            return f"there is no file {file}", False
        else:
            vault = Vault.from_file(file)
    except VaultError as error:
        return str(error), False
    return None, fingerprint is None or vault.knows(fingerprint)


def _certificate(file: Path | None) -> tuple[float | None, str | None]:
    """In how many days the certificate of the server ends, or why it cannot be read."""
    if file is None:
        return None, None
    try:
        certificate = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except OSError as error:
        return None, f"the certificate {file} cannot be read: {error.strerror}"
    except ValueError:
        return None, f"{file} is no certificate in PEM"
    return (certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86_400, None


def _free(folder: Path) -> tuple[float, int]:
    """The free share and the free bytes of a folder's disk."""
    usage = shutil.disk_usage(folder)
    return usage.free / usage.total, usage.free
