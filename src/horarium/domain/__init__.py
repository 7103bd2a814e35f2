"""What schedules, fires and runs are, and the pure functions that decide about them."""
