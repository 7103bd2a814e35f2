"""uranus: one-time, delayed and cron schedules of an agent, which call back a workflow or a function."""
