"""The worker: claims runs, executes their targets, records what came of it."""
