"""Executors: how targets of each type are run. Found by entry point; `registry.load` gathers them."""
