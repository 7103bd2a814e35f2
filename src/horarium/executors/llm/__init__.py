"""The `llm` executor runs agent targets: each attempt of a run is one call to a language model."""

from horarium.executors.llm.executor import LlmExecutor, make

__all__ = ["LlmExecutor", "make"]
