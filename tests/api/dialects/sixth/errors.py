"""Errors in sundial's envelope: {"code", "wrong": [a sentence each]}."""

from __future__ import annotations

from starlette.requests import Request

from horarium.api.kit.errors import code_of, headers_of, status_of
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import HorariumError, Invalid


def render(error: HorariumError, request: Request) -> Answer:
    wrong = [str(error)]
    if isinstance(error, Invalid):
        wrong = [f"{problem.field} {problem.message}" for problem in error.problems]
    body = {"code": code_of(error), "wrong": wrong}
    return json_answer(status_of(error), body, headers=headers_of(error))
