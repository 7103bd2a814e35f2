"""Instants that people type into forms. Pure."""

from __future__ import annotations

from horarium.domain.errors import Invalid, Problem
from horarium.times import InstantError, Rounding, zone
from horarium.times.civil import parse_wall
from horarium.times.instants import milliseconds_of


def instant_in(given: str, zone_name: str, field: str = "at") -> int:
    """The instant of a text, in milliseconds: with an offset as in the API, or a local time in a zone.

    Raises Invalid.
    """
    text = given.strip().replace(" ", "T", 1) if given.strip()[:11].count(" ") else given.strip()
    try:
        return milliseconds_of(text, Rounding.DOWN)
    except InstantError:
        return _wall_ms(text, zone_name, field)


def _wall_ms(text: str, zone_name: str, field: str) -> int:
    """The instant of a local time. Raises Invalid."""
    for complete in (text, f"{text}:00", f"{text}T00:00:00"):
        wall = parse_wall(complete)
        if wall is not None and wall.length == len(complete):
            return zone(zone_name).resolve(wall.second) * 1000
    words = (
        f"write a time such as 2026-03-08 09:00, in the zone {zone_name}, or with an offset as in "
        "2026-03-08T09:00:00Z"
    )
    raise Invalid(Problem(field, words, "instant"))
