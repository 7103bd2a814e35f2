"""A database with a bit of everything, as copies and backups have to bring it to another place."""

from horarium.store.migrate import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import meta, run_lists
from tests.support.tenant import FAILED, MINUTE, NOON, TRY_AGAIN, Node, Tenant


async def open_store(url):
    """The store at a URL, its schema made."""
    await migrate(url)
    if url.startswith("sqlite"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    return await PostgresStore.open(url, notify=False)


async def filled(url, fingerprint="fingerprint"):
    """Fill the database at a URL; its tenant and schedules. `fingerprint` is that of the key of its secrets."""
    store = await open_store(url)
    tenant = await Tenant.open(store)
    made = await tenant.schedules(
        25, labels={"ä": "ö", "Z": "a"}, input={"text": "\u0000é"}, environment=b"\x00\xff"
    )
    node = await Node.start(store)
    for n in (1, 2, 3):
        await tenant.release(NOON + n * MINUTE)
        await node.work(NOON + n * MINUTE, (FAILED, TRY_AGAIN, FAILED)[n - 1], room=20)
    await store.write(meta.agree_on_vault, fingerprint)
    await store.close()
    return tenant, made


async def look(url, tenant, made, fingerprint="fingerprint"):
    """What schedules, fires, spans and runs the database at a URL has of this tenant."""
    store = await open_store(url)
    there = Tenant(store, tenant.workspace, tenant.principal)
    found = [
        (await there.again(one), await there.fires(one), await there.spans(one), await there.runs(one))
        for one in made
    ]
    found.append(await store.read(run_lists.count_runs, tenant.workspace))
    found.append(await store.write(meta.agree_on_vault, fingerprint) == fingerprint)
    await store.close()
    return found
