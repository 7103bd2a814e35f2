"""The `llm` executor: agents, one call to a language model per run."""

from horarium.executors.llm.executor import LlmExecutor, make

__all__ = ["LlmExecutor", "make"]
