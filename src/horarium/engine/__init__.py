"""The engine: steps that say whether there was work, under small loops that wait exactly as long as nothing is due."""
