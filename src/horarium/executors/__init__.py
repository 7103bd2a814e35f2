"""Executors run targets: there is one executor for each type of target. `registry.load` finds them by entry point."""
