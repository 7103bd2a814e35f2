"""`docs/openapi.json`, the description of our own API as clients are generated from it: written by `make openapi`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from horarium.api.app import own_api
from horarium.api.kit import registry
from tests.support.house import House

PLACE = Path(__file__).parent.parent.parent / "docs" / "openapi.json"


async def document() -> dict[str, Any]:
    """The description as a server with the dialects of this repository publishes it."""
    async with House.open("2026-03-01T12:00:00Z") as house:
        return own_api(house.services, registry.load()).openapi()


def written(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    PLACE.write_text(written(asyncio.run(document())), "utf-8")
