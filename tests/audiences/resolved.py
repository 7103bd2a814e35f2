"""What each source of audiences asks, which rows come of which answers, and what is said where there are none.

Every type of source, every field of its configuration and every key of a filter is in the walk: one without an entry
fails it. `python -m tests.audiences.resolved` writes the page anew.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from horarium import audiences
from horarium.audiences import registry
from tests.audiences import resolved_directory, resolved_http, resolved_sql
from tests.audiences.resolved_world import World, world
from tests.support.bounds_told import tell_bounds
from tests.support.config_walk import fields_of, texts, walk

PAGE = Path(__file__).with_name("resolved.txt")

BASES: Mapping[str, Mapping[str, Any]] = {
    "directory": {},
    "http": {"url": "http://example.com/audience", "headers": {"X-A": "b"}},
    "sql": {"connection": "postgresql://db.example.com/crm", "key": "id", "query": "SELECT 1 AS id"},
}
_NAMES = tuple(texts(200))
# What each field is given beside values of every kind.
BOUNDS: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "directory": {},
    "http": {
        "url": ("http://10.0.0.1/", "ftp://example.com/", "http://example.com:0/", "http://u:p@example.com/"),
        "method": ("GET", "POST", "get", "PUT"),
        "headers": ({"Horarium-Workspace": "b"}, {"Host": "b"}, {"ce-id": "b"}, {"X-A": "***"}, {"X-A": "{{ x }}"}),
        "key": _NAMES,
        "rows": _NAMES,
        "next": _NAMES,
        "page_size": (0.5, 10_000, 10_001),
        "timeout": (0.001, 600, 600.5),
    },
    "sql": {
        "connection": ("postgresql://other.example/crm", "redis://db.example.com/", "postgresql://localhost/crm"),
        "database": ("crm", "a" * 63, "a" * 64, "Crm"),
        "query": (
            "SELECT 1; SELECT 2", "DELETE FROM a", "SELECT 'open", "SELECT $1", "\n", "SELECT " + "1" * 19_993,
            "SELECT " + "1" * 19_994,
        ),
        "key": _NAMES,
        "timeout": (0.001, 600, 600.5, float("nan")),
    },
}  # fmt: skip


async def walked() -> tuple[str, list[str]]:
    """The page, and what is missing in the walk."""
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as made:
            wrong = [f"the filter {key}" for key in await resolved_directory.chapters(made)]
            await resolved_http.chapters(made)
            await resolved_sql.chapters(made)
            wrong += await _configurations(made)
            tell_bounds(made.page, audiences)
            return made.page.text(), wrong


async def _configurations(made: World) -> list[str]:
    wrong: list[str] = []
    sources = registry.load(made.options())
    for kind, base in BASES.items():
        made.page.chapter(f"{kind}: what configurations are told")
        check = sources[kind].check
        wrong += [
            f"{kind}: {field} has no values here, or is no field"
            for field in walk(made.page, check, base, BOUNDS[kind])
        ]
        wrong += [
            f"{kind}: {field} is never used"
            for field in fields_of(check, base) - made.fields.get(kind, set())
        ]
    wrong += [f"{kind} is not walked" for kind in sorted(sources.keys() - BASES.keys())]
    await registry.close(sources)
    return wrong


def main() -> None:
    PAGE.write_text(asyncio.run(walked())[0], "utf-8")


if __name__ == "__main__":
    main()
