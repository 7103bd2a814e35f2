"""Tests of what servers do over the network run on the event loop that servers have: its transports are of no class of
asyncio's, and it starts programs in another way. A conftest.py takes the function from here, for its folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

# These play a network in place of the one of the event loop of asyncio.
_PLAYED = frozenset(("test_egress_corpus.py", "test_resolved.py", "test_sent.py"))


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The only event loop of a test."""
    if item.path.name in _PLAYED:
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}
