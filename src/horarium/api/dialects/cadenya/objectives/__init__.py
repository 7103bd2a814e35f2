"""Objectives: the runs that the fires of schedules created."""
