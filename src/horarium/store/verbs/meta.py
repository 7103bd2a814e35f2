"""What all nodes of a database must agree on."""

from __future__ import annotations

from collections.abc import Collection

from horarium.store.base import Tx

VAULT_KEY = "vault_key"
ZONE_DATA = "zone_data"
COPYING = "copying"
# The manifest of a backup: a database that has this row is one.
BACKUP = "backup"
# When the newest backup was made (ms), as far as the database was told of it.
LAST_BACKUP = "last_backup"
# Until when (ms) the node that makes a backup has claimed it.
BACKUP_CLAIM = "backup_claim"
# A number that no database had before it was restored; none where it was never restored. What was told of numbers in
# logs before then does not hold any more.
RESTORED = "restored"
# Before the name of a dialect, for each that a server which opened this database had installed.
DIALECT = "dialect:"


async def agree_on_vault(tx: Tx, fingerprint: str) -> str:
    """The fingerprint of the key that all nodes seal the secrets of this database with; the first node to come says
    which. It stays until a rotation, since nodes that are not restarted yet do not have a new key."""
    await tx.run("add_meta", name=VAULT_KEY, value=fingerprint)
    (known,) = await tx.row("get_meta", name=VAULT_KEY)
    return str(known)


async def agreed_vault(tx: Tx) -> str | None:
    """The same, where some node has said it."""
    row = await tx.row("read_meta", name=VAULT_KEY)
    return None if row is None else str(row[0])


async def rotate_vault(tx: Tx, fingerprint: str) -> None:
    """Have all nodes seal with another key from now on."""
    await tx.run("set_meta", name=VAULT_KEY, value=fingerprint)


async def has_vault(tx: Tx) -> bool:
    """Whether some server has already said which key the secrets of this database are encrypted with."""
    return await tx.row("get_meta", name=VAULT_KEY) is not None


async def raise_zone_data(tx: Tx, version: str) -> str:
    """Enter our version of the zone data, which only ever rises; the highest that was at work here."""
    await tx.run("add_meta", name=ZONE_DATA, value=version)
    highest = str((await tx.row("get_meta", name=ZONE_DATA))[0])
    if zone_data_order(version) > zone_data_order(highest):
        await tx.run("set_meta", name=ZONE_DATA, value=version)
        return version
    return highest


async def schedules_without_dialect(tx: Tx, installed: Collection[str]) -> dict[str, int]:
    """How many schedules there are in each dialect that is not among `installed`.

    The schedules are counted only where a dialect is missing that some server had installed before, or where none is
    remembered: to count a million of them at every start would be slow. The installed dialects are remembered once
    nothing is missing.
    """
    names = [str(name) for (name,) in await tx.rows("meta_names")]
    remembered = {name.removeprefix(DIALECT) for name in names if name.startswith(DIALECT)}
    missing = {}
    if not remembered or not remembered.issubset(installed):
        counted = await tx.rows("schedules_by_dialect")
        missing = {dialect: number for dialect, number in counted if dialect not in installed}
    if not missing:
        for name in sorted(set(installed) - remembered):
            await tx.run("add_meta", name=DIALECT + name, value="")
    return missing


async def hold(tx: Tx, name: str) -> None:
    """Wait until nobody else holds this name, and hold it until the transaction ends."""
    await tx.run("add_meta", name=name, value="")
    await tx.row("get_meta", name=name)


async def is_complete(tx: Tx) -> bool:
    """False where a copy into this database has not been finished."""
    return await tx.row("get_meta", name=COPYING) is None


async def is_backup(tx: Tx) -> bool:
    """Whether this database is a backup, on which no server may work."""
    return await tx.row("read_meta", name=BACKUP) is not None


async def all_meta(tx: Tx) -> dict[str, str]:
    """Everything that nodes must agree on, by name."""
    return {str(name): str(value) for name, value in await tx.rows("all_meta")}


async def claim_backup(tx: Tx, now: int, every_ms: int, until_ms: int) -> bool:
    """Whether a backup is due, the last one being `every_ms` old or missing, and no other node makes one. Then it is
    claimed until an instant (ms)."""
    await tx.run("add_meta", name=BACKUP_CLAIM, value="0")
    (claimed,) = await tx.row("get_meta", name=BACKUP_CLAIM)
    last = await last_backup_ms(tx)
    if int(claimed) > now or (last is not None and now - last < every_ms):
        return False
    await keep_backup_claim(tx, until_ms)
    return True


async def keep_backup_claim(tx: Tx, until_ms: int) -> None:
    """Let no node begin a backup before an instant (ms)."""
    await tx.run("set_meta", name=BACKUP_CLAIM, value=str(until_ms))


async def forget_backup(tx: Tx) -> None:
    """Make an installation of a backup, of which no backup is known."""
    for name in (BACKUP, LAST_BACKUP, BACKUP_CLAIM):
        await tx.run("forget_meta", name=name)


async def note_restore(tx: Tx, mark: int) -> None:
    """Note that the database has just been restored, under a mark of 63 bits that no restore had before."""
    await tx.run("set_meta", name=RESTORED, value=str(mark))


async def mark_of_restore(tx: Tx) -> int:
    """The mark of the last restore, 0 where there was none."""
    row = await tx.row("read_meta", name=RESTORED)
    return 0 if row is None else int(row[0])


async def note_backup(tx: Tx, made_ms: int) -> None:
    """Note when the newest backup was made (ms)."""
    await tx.run("set_meta", name=LAST_BACKUP, value=str(made_ms))


async def last_backup_ms(tx: Tx) -> int | None:
    """When the newest backup was made (ms), as far as the database was told of it."""
    row = await tx.row("read_meta", name=LAST_BACKUP)
    return None if row is None else int(row[0])


def zone_data_order(version: str) -> tuple[int, str]:
    """Versions of the zone data in order: 2025a, 2025b, ..., 2026a."""
    year = version[:4]
    return (int(year) if year.isdecimal() else 0, version[4:])
