"""The client of a Horarium server.

    from horarium_client import Horarium

    with Horarium("https://horarium.example.com", key="hor_...") as horarium:
        schedule = horarium.schedules.put_by_key("customer-7/digest", {
            "name": "Digest", "recurrence": "0 9 * * MON-FRI", "timezone": "Europe/Paris", "target": "digest",
        })
        for run in horarium.runs.list_all(schedule=schedule["id"]):
            print(run["id"], run["state"])

`AsyncHorarium` has the same methods, to be awaited. Bodies and answers are dictionaries with the types of
`horarium_client.types`. What goes wrong is raised as one of the errors in `horarium_client.errors`.
"""

from horarium_client.client import AsyncHorarium, Horarium
from horarium_client.errors import (
    Conflict,
    EventForgotten,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    NotReached,
    ServerFault,
    TooManyRequests,
    Unauthorized,
)
from horarium_client.webhooks import InvalidSignature, verify_webhook

__all__ = [
    "AsyncHorarium",
    "Conflict",
    "EventForgotten",
    "Forbidden",
    "Horarium",
    "HorariumError",
    "Invalid",
    "InvalidSignature",
    "NotFound",
    "NotReached",
    "ServerFault",
    "TooManyRequests",
    "Unauthorized",
    "verify_webhook",
]
