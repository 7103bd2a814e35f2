"""Which runs a page is about, as its address says it: the list, and what is done with many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from horarium.api.fields import Query
from horarium.console.rendering import path_to
from horarium.domain.ids import Id
from horarium.domain.run import RunState

STATES = ("open", *(state.value for state in RunState))


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of runs is filtered by; None where it does not matter."""

    state: str | None
    target: str | None
    schedule: str | None
    fire: str | None

    @property
    def any(self) -> bool:
        return any(asdict(self).values())

    @property
    def given(self) -> Mapping[str, str]:
        """Those that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value}

    def address(self, **changed: str | None) -> str:
        """The address of the same list with some filters changed."""
        return path_to("runs", **{**asdict(self), **changed})


def run_filters_in(query: Query) -> tuple[Filters, Id | None, Id | None]:
    """The filters of a query, and the ids of the schedule and the fire that they name."""
    filters = Filters(
        query.choice("state", STATES), query.text("target"), query.text("schedule"), query.text("fire")
    )
    return filters, query.id("schedule", "sch"), query.id("fire", "fire")
