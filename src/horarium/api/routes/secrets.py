"""The route with which the operator of the server replaces the encryption key of stored secrets."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api.routes.base import Routes
from horarium.api.web import Answer, Api, json_answer
from horarium.service.secrets import SecretService
from horarium.service.services import Services


class SecretRoutes(Routes):
    async def rotate(self, request: Request) -> Answer:
        who = await self.who(request)
        rotated = await SecretService(self.services.store, self.services.vault, self.services.clock).rotate(
            who
        )
        return json_answer(200, {"new_key": rotated.new_key, "resealed": rotated.resealed})


def add_routes(api: Api, services: Services) -> None:
    words = "Encrypt all stored secrets with a new key (workspaces:admin)"
    api.add("POST", "/secrets/rotate", SecretRoutes(services).rotate, words, tag="secrets")
