"""What the page of `resolved.py` is made in: a played network with one server, and a page on which rows are written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import AudienceQuery, AudienceRow, SourceFault, StreamingSource
from horarium.executors.options import ExecutorOptions
from tests.support.kept_page import Page, page_beside_a_server, shown
from tests.support.played_network import PUBLIC, PlayedNetwork
from tests.support.wire import Wire

# 2026-03-02T08:00:00Z
NOW_MS = 1_772_438_400_000
WORKSPACE, BORROWER = bytes(16), bytes(range(16))
# More rows than these are only counted.
_FEW = 12


class World:
    """`wire` is the server behind example.com, `folder` one of the page's own."""

    def __init__(self, page: Page, network: PlayedNetwork, wire: Wire, folder: Path) -> None:
        self.page, self.network, self.wire, self.folder = page, network, wire, folder
        self.fields: dict[str, set[str]] = {}

    def options(self, **more: Any) -> AudienceOptions:
        given: dict[str, Any] = {"data_dir": self.folder, "sql_hosts": ("db.example.com",)}
        return AudienceOptions(None, ExecutorOptions(**{**given, **more}))  # type: ignore[arg-type] - no store

    async def read(
        self,
        title: str,
        source: StreamingSource,
        config: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
        asked_by: bytes | None = None,
        most: int | None = None,
    ) -> None:
        """What is asked for an audience, and the rows of it, or why there are none. `most`: how many batches are read
        before the reader leaves."""
        self.page.case(title)
        if problems := source.check(config):
            self.page.problems(problems)
        self.fields.setdefault(source.type, set()).update(config)
        query = AudienceQuery(WORKSPACE, "crm", given or {}, NOW_MS, config, asked_by)
        self.wire.requests = []
        batches: list[list[AudienceRow]] = []
        fault: SourceFault | None = None
        try:
            async with aclosing(source.rows(query)) as rows:
                async for batch in rows:
                    batches.append(list(batch))
                    if len(batches) == most:
                        break
        except SourceFault as error:
            fault = error
        self._requests()
        for batch in batches:
            self.rows(batch)
        if fault is not None:
            lasting = "for good" if fault.lasting else "for now"
            same = "the same" if fault.abroad == str(fault) else fault.abroad
            self.page.say(f"-> fault, {lasting}: {fault}; abroad: {same}")
        else:
            self.page.say(
                f"-> {sum(map(len, batches))} rows in batches of {[len(batch) for batch in batches]}"
            )

    def rows(self, batch: list[AudienceRow]) -> None:
        if len(batch) > _FEW:
            self.page.say(f"< {len(batch)} rows, from {batch[0].key!r} to {batch[-1].key!r}")
            return
        for row in batch:
            self.page.say(f"< {row.key!r}: {shown(row.data)}")

    def _requests(self) -> None:
        for request in self.wire.requests[:4]:
            head, _, body = request.partition(b"\r\n\r\n")
            self.page.alike([f"> {line}" for line in head.decode().split("\r\n")])
            if body:
                self.page.say(f"> {body.decode()}")
        if len(self.wire.requests) > 4:
            self.page.say(f"> and {len(self.wire.requests) - 4} more requests")


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with page_beside_a_server(
        folder, {"example.com": [[PUBLIC]], "db.example.com": [["10.9.9.9"]]}
    ) as beside:
        yield World(*beside, folder)
