"""m9m: cron schedules that execute workflows. Schedules, workflows and executions have a folder each."""
