"""Where everything is kept: verbs over named statements, on SQLite or PostgreSQL."""
