"""How events leave the server: one signed POST each, through the guarded client that executors use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import aiohttp

from horarium.domain.errors import Problem
from horarium.domain.events import instant_text
from horarium.domain.execution import SigningRotation
from horarium.domain.ids import Id, prefixed
from horarium.domain.webhooks import Answer, Parcel
from horarium.executors.egress import EgressClient, explain, read_limited
from horarium.executors.http import retry_after_ms
from horarium.executors.limits import Limits, OutOfTime
from horarium.executors.options import ExecutorOptions
from horarium.executors.signing import Signer, new_secret, rotated, signature, signer_of

# How long a receiver may take, in seconds. It should answer first and work afterwards.
ANSWER_S = 10.0
# Of an answer nothing is kept; so many bytes of it are read, so that the connection can be used again.
READ_BYTES = 4_096
CONTENT_TYPE = "application/json"


class SignedEventPost:
    """Sends events. One instance serves the whole process and keeps connections open."""

    def __init__(self, options: ExecutorOptions) -> None:
        self._egress = EgressClient(options)
        self._source = (options.public_url or "").rstrip("/") + "/horarium/v1"
        self._limits = Limits()

    def problems(self, workspace_id: Id, url: str) -> Sequence[Problem]:
        """What is wrong with the URL of a webhook, by what this server and the workspace allow."""
        return self._egress.check(url) or self._egress.check_host(workspace_id, url)

    def new_secret(self) -> str:
        """A new signing secret, for HMAC."""
        return new_secret()

    def rotated(self, current: Sequence[str], ed25519: bool, keep_until_ms: int | None) -> SigningRotation:
        """Replace the newest of the signing secrets by a new one; see `signing.rotated`."""
        return rotated(current, ed25519, keep_until_ms)

    async def send(self, parcel: Parcel) -> Answer:
        """Send an event, and tell what came of it. Raises nothing."""
        body = parcel.event.content.encode()
        response = None
        try:
            headers = self._headers(parcel, body)
            with self._limits.of(ANSWER_S):
                response = await self._egress.request(
                    parcel.workspace_id, "POST", parcel.url, headers=headers, data=body
                )
                await read_limited(response, READ_BYTES)
        except OutOfTime:
            return Answer(error=f"the receiver did not answer within {ANSWER_S:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(error=explain(error))
        finally:
            if response is not None:
                response.close()
        again = response.headers.get("Retry-After")
        status = response.status
        arrived = 200 <= status < 300
        return Answer(
            status,
            None if arrived else f"the receiver answered {status}",
            retry_after_ms(again, parcel.now_ms) if again else None,
        )

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        event, timestamp = parcel.event, parcel.now_ms // 1000
        an_id = prefixed("evt", event.id)
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Horarium-Workspace": prefixed("ws", parcel.workspace_id),
            "Horarium-Webhook": prefixed("hook", parcel.webhook_id),
            "Horarium-Event": event.type,
            "Horarium-Attempt": str(parcel.attempt),
            "webhook-id": an_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(_signers(tuple(parcel.secrets)), an_id, timestamp, body),
            "ce-id": an_id,
            "ce-source": self._source,
            "ce-type": f"horarium.{event.type}",
            "ce-specversion": "1.0",
            "ce-time": instant_text(event.at_ms),
        }
        if event.schedule_id is not None:
            headers["Horarium-Schedule"] = headers["ce-subject"] = prefixed("sch", event.schedule_id)
        return headers

    async def close(self) -> None:
        """Close all connections."""
        await self._egress.close()


@lru_cache(maxsize=1024)
def _signers(secrets: tuple[str, ...]) -> list[Signer]:
    return [signer_of(secret) for secret in secrets]
