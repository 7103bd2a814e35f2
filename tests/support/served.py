"""The whole application behind a real socket of 127.0.0.1, for clients that bring their own network.

async with served(house) as url:
    await asyncio.to_thread(use_a_client_that_blocks, url)
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.support.house import House


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The base URL of the house's API, served until the end of the block by this very event loop."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    config = uvicorn.Config(house.api, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
