"""Queries about agents and their objectives: the runs of the schedules of one dialect, as that dialect shows them."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.service.reads import reads
from horarium.store.base import Store
from horarium.store.verbs import objectives as verbs


@dataclass(frozen=True, slots=True)
class ObjectiveService:
    """Objectives and agents, each read in one transaction together with what a page shows beside them."""

    store: Store

    agents = reads(verbs.list_agents)
    makers = reads(verbs.makers)
    get = reads(verbs.get_objective)
    list = reads(verbs.list_objectives)
