"""Objectives: runs of the schedules of one dialect, as that dialect shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.run import Run
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal

PHASES = ("pending", "running", "succeeded", "failed", "timed_out", "cancelled")


@dataclass(frozen=True, slots=True)
class Objective:
    """A run, the input it was given, and one of PHASES."""

    run: Run
    phase: str
    input: Any


@dataclass(frozen=True, slots=True)
class ObjectiveContext:
    """What objectives came from, by id: agents and schedules as they are now, deleted ones too, and who made
    them."""

    agents: Mapping[Id, Target]
    schedules: Mapping[Id, Schedule]
    makers: Mapping[Id, Principal]
