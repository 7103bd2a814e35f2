"""uranus: one-time, delayed and cron schedules of an agent that call back a workflow or a function."""
