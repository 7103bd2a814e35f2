"""m9m's schedules and their history."""
