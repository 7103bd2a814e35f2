"""What was deleted makes the file smaller, as far as the pages are not needed again, and its log counts as well."""

from horarium.store.migrate import migrate
from horarium.store.rows import SpooledRow
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import upkeep

FIRE = bytes(16)


async def test_a_file_shrinks_piece_by_piece_after_much_of_it_was_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(upkeep, "LEAST_SPARE_PAGES", 256)
    path = tmp_path / "one.db"
    await migrate(f"sqlite:///{path}")
    store = SqliteStore(str(path))
    try:

        async def pages(tx):
            return tuple(await tx.row("spare_pages"))

        async def fill(tx):
            await tx.many("insert_spool", [SpooledRow(FIRE, n, str(n), "x" * 900_000) for n in range(10)])

        async def clear(tx):
            await tx.run("empty_spool", fire_id=FIRE, after=-1, upto=10)

        await store.write(fill)
        _, before = await store.read(pages)
        await store.write(clear)
        pieces = 0
        while await store.write(upkeep.give_back_space):
            pieces += 1
        spare, after = await store.read(pages)
    finally:
        await store.close()
    assert pieces > 10
    assert 128 < spare <= 256  # what comes next finds pages
    assert after < before // 3


async def test_the_size_of_a_database_counts_what_stands_in_its_log(tmp_path, monkeypatch):
    path = tmp_path / "one.db"
    await migrate(f"sqlite:///{path}")
    store = SqliteStore(str(path))
    monkeypatch.setattr(store._checkpoints, "wanted", lambda: None)  # the log stays as it is
    try:

        async def fill(tx):
            await tx.many("insert_spool", [SpooledRow(FIRE, 1, "1", "x" * 900_000)])

        await store.write(fill)
        log = tmp_path / "one.db-wal"
        assert await store.bytes() - path.stat().st_size == log.stat().st_size > 0
    finally:
        await store.close()
