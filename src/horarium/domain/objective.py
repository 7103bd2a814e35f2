"""Objectives: the runs that schedules of one dialect started, in the form which that dialect shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.run import Run
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal

# The phases of an objective. `timed_out` is a failed run whose time limit ended it.
PHASES = ("pending", "running", "succeeded", "failed", "timed_out", "cancelled")


@dataclass(frozen=True, slots=True)
class Objective:
    """A run, its phase (one of PHASES) and the input of the definition under which it was fired."""

    run: Run
    phase: str
    input: Any


@dataclass(frozen=True, slots=True)
class ObjectiveContext:
    """What a list of objectives refers to, by id.

    Agents and schedules are as they are now, including deleted ones; `makers` are the
    principals who created them.
    """

    agents: Mapping[Id, Target]
    schedules: Mapping[Id, Schedule]
    makers: Mapping[Id, Principal]
