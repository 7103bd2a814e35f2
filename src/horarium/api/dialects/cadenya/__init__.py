"""cadenya: schedules of agents, each of whose fires creates an objective."""
