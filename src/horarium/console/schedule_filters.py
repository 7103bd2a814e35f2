"""Which schedules a page is about, as its address says it: the list, and what is done with many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from horarium.api.fields import Query
from horarium.console.rendering import path_to
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.labels import label_in
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import ScheduleState
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

STATES = tuple(state.value for state in ScheduleState if state is not ScheduleState.DELETED)


@dataclass(frozen=True, slots=True)
class Filters:
    """What schedules are filtered by; None where it does not matter. `label` is written name:value."""

    search: str | None
    state: str | None
    target: str | None
    label: str | None
    dialect: str | None

    @property
    def any(self) -> bool:
        return any(asdict(self).values())

    @property
    def given(self) -> Mapping[str, str]:
        """Those that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value}

    def address(self, **changed: str | None) -> str:
        """The address of the same list with some filters changed."""
        return path_to("schedules", **{**asdict(self), **changed})


async def filters_in(
    query: Query, who: Identity, services: Services, dialects: tuple[str, ...]
) -> tuple[Filters, ScheduleListing]:
    """The filters of a query, and the listing of all schedules that match them. Raises Invalid.

    Inputs are not searched: to look into those of 50,000 schedules would double the time of a search without a match.
    """
    filters = Filters(
        query.text("search"),
        query.choice("state", STATES),
        query.text("target"),
        query.text("label"),
        query.choice("dialect", ("native", *dialects)),
    )
    label = label_in(filters.label or "")
    if filters.label and label is None:
        query.wrong("label", "is written name:value")
    target_id = await _target_id(who, services, query, filters.target)
    query.done()
    listing = ScheduleListing(
        who.workspace_id,
        1,
        dialect=filters.dialect,
        target_id=target_id,
        state=filters.state,
        search=filters.search,
        search_input=False,
        labels=() if label is None else (label,),
    )
    return filters, listing


async def _target_id(who: Identity, services: Services, query: Query, given: str | None) -> Id | None:
    if given is None:
        return None
    try:
        return (await services.targets.resolve(who.workspace_id, given)).id
    except NotFound:
        query.wrong("target", f"{given[:80]!r} does not exist in this workspace")
        return None
