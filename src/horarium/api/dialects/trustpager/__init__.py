"""trustpager: cron schedules that resolve an audience and trigger one automation run for each row."""
