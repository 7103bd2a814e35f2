"""Recurrences in English, from the compiled masks."""

from __future__ import annotations

from horarium.times.rules import At, Beat, CalendarRule, Delay, Once, Rate, WallBeat


def calendar(rule: CalendarRule, zone: str) -> str:
    return ""


def wall_beat(rule: WallBeat, zone: str) -> str:
    return ""


def rate(rule: Rate, anchor: int) -> str:
    return ""


def beat(rule: Beat) -> str:
    return ""


def at(rule: At, zone: str) -> str:
    return ""


def once(rule: Once) -> str:
    return ""


def delay(rule: Delay, instant: int) -> str:
    return ""
