"""autessa: events that run an agent, a tool or a write to a table, by AWS expressions."""
