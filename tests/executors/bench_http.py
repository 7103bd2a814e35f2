"""What the http executor costs beside a bare aiohttp loop that signs and posts the same body.

    python -m tests.executors.bench_http [posts] [concurrency]

The receiver is a process of its own; ours and the ceiling take turns, and the ratio of their best rounds is
what counts: absolute figures say more about the machine.
"""

from __future__ import annotations

import asyncio
import hmac
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import replace

import aiohttp
import orjson
import uvloop

from horarium.domain.execution import Call, Verdict
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.context import context_of
from horarium.executors.http import HttpExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import NOW_MS, call_of

_ROUNDS = 5
_KEY = b"k" * 32

# The smallest HTTP server there is, so that the receiver is not what is measured.
_RECEIVER = """
import asyncio, uvloop
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 11\\r\\n\\r\\n"
ANSWER = HEAD + b"{\\"ok\\":true}"
class Server(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.buffer = transport, b""
    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\\r\\n\\r\\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15:].split(b"\\r\\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length: return
            self.buffer = self.buffer[end + 4 + length:]
            self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(600)
uvloop.run(main())
"""


async def _all(posts: int, concurrency: int, one: object) -> float:
    """Posts per second."""
    numbers = iter(range(posts))

    async def work() -> None:
        for number in numbers:
            await one(number)  # type: ignore[operator]

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return posts / (time.perf_counter() - started)


async def _ceiling(url: str, posts: int, concurrency: int, call: Call) -> float:
    body = orjson.dumps(context_of(call, prefixed("run", call.run_id)))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512)) as session:

        async def one(number: int) -> None:
            run = f"run_{number}"
            signed = hmac.digest(_KEY, f"{run}.{NOW_MS}.".encode() + body, "sha256")
            headers = {
                "Content-Type": "application/json",
                "webhook-id": run,
                "webhook-timestamp": str(NOW_MS),
                "webhook-signature": "v1," + b64encode(signed).decode(),
            }
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()

        return await _all(posts, concurrency, one)


async def _ours(executor: HttpExecutor, posts: int, concurrency: int, call: Call) -> float:
    calls = [replace(call, run_id=derived_id(NOW_MS, n.to_bytes(4, "big"))) for n in range(posts)]

    async def one(number: int) -> None:
        outcome = await executor.execute(calls[number])
        assert outcome.verdict is Verdict.SUCCEEDED, outcome

    return await _all(posts, concurrency, one)


async def measure(port: int, posts: int, concurrency: int) -> None:
    executor = make(ExecutorOptions(allow_loopback=True, public_url="https://horarium.example"))
    url = f"http://127.0.0.1:{port}/hook"
    public, secrets = executor.split({"url": url, "headers": {"Authorization": "Bearer something-secret"}})
    call = call_of(public, secrets, timeout_ms=30_000)
    await _ours(executor, 500, concurrency, call)
    ours, ceiling = [], []
    for _ in range(_ROUNDS):
        ceiling.append(await _ceiling(url, posts, concurrency, call))
        ours.append(await _ours(executor, posts, concurrency, call))
    await executor.close()
    print(f"ours    {max(ours):8.0f} posts/s   rounds {[round(rate) for rate in ours]}")
    print(f"ceiling {max(ceiling):8.0f} posts/s   rounds {[round(rate) for rate in ceiling]}")
    print(f"ratio   {max(ours) / max(ceiling):8.0%}   at concurrency {concurrency}")


def main() -> None:
    posts, concurrency = (int(text) for text in (*sys.argv[1:], *("5000", "100")[len(sys.argv) - 1 :]))
    receiver = subprocess.Popen([sys.executable, "-c", _RECEIVER], stdout=subprocess.PIPE)
    assert receiver.stdout is not None
    try:
        uvloop.run(measure(int(receiver.stdout.readline()), posts, concurrency))
    finally:
        receiver.kill()
        receiver.wait()


if __name__ == "__main__":
    main()
