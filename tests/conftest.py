"""For all tests: the dialects that are installed, so that timings of theirs can be compiled."""

from horarium.api.kit import registry

registry.load()
