"""The schedules of an agent."""
