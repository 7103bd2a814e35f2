"""m9m: cron schedules that execute workflows."""
