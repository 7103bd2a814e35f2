"""Events on their way out: notes become events, and events are sent to webhooks."""
