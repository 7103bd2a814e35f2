"""A source of audiences that another workspace shares, as the workspace reads it that borrows it.

Its rows are passed on as they are. Of its faults only that is passed on which tells nothing of how it is set up.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import structlog

from horarium.domain.audience import AudienceQuery, AudienceRow, RowPage, Source, SourceFault
from horarium.domain.errors import HorariumError, Problem
from horarium.domain.ids import prefixed

_log = structlog.get_logger(__name__)


class BorrowedSource:
    """The source `source` under the name that it has in the workspace that borrows it."""

    def __init__(self, source: Source, name: str) -> None:
        self._source: Any = source
        self._name = name
        self.type = source.type
        self.distinct = source.distinct
        # Whether it is read in pages is what the source says; so it fits both kinds, as the source does.
        self.paged: Any = source.paged

    def check_filter(self, query: AudienceQuery) -> Sequence[Problem]:
        """What is wrong with a filter. Its names are what a borrower has to know of the source."""
        found: Sequence[Problem] = self._source.check_filter(replace(query, type=self._name))
        return found

    async def count(self, query: AudienceQuery, most: int) -> int:
        """As the source counts. Raises SourceFault."""
        try:
            return int(await self._source.count(query, most))
        except HorariumError as error:
            raise self._told(query, error) from None

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        """As the source's page. Raises SourceFault."""
        try:
            page: RowPage = await self._source.page(query, position, limit)
        except HorariumError as error:
            raise self._told(query, error) from None
        return page

    async def rows(self, query: AudienceQuery) -> AsyncGenerator[Sequence[AudienceRow], None]:
        """As the source's rows. Raises SourceFault."""
        try:
            async with aclosing(self._source.rows(query)) as batches:
                async for batch in batches:
                    yield batch
        except HorariumError as error:
            raise self._told(query, error) from None

    def check(self, config: Any) -> Sequence[Problem]:
        """Nothing: it is set up elsewhere."""
        return []

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Nothing: it is set up elsewhere."""
        return {}, {}

    async def close(self) -> None:
        """Does nothing, because the source belongs to the server."""

    def _told(self, query: AudienceQuery, error: HorariumError) -> SourceFault:
        """What the borrower is told. The operator finds the whole reason in the log."""
        _log.info(
            "shared_source_not_read",
            workspace=prefixed("ws", query.workspace_id),
            source=query.type,
            asked_by=prefixed("ws", query.audience_of),
            reason=str(error),
        )
        told = error.abroad if isinstance(error, SourceFault) else None
        words = told or "its cause is shown only in the workspace that shares it"
        lasting = isinstance(error, SourceFault) and error.lasting
        return SourceFault(f"the shared source {self._name!r} failed: {words}", lasting)
