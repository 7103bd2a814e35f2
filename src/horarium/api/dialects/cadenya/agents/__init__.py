"""Agents: the targets whose schedules these are."""
