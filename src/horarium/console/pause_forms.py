"""The forms with which a schedule or a whole workspace is paused and resumed. Pure."""

from __future__ import annotations

from typing import Any

from horarium.api.models import WorkspacePauseBody, WorkspaceResumeBody, catch_up_in, validated
from horarium.console.forms import Form, instant_at
from horarium.domain.errors import Invalid, Problem
from horarium.domain.schedule import CatchUp


def pause_in(form: Form, zone_name: str) -> WorkspacePauseBody:
    """What a form says of a pause, under the rules of the API. Its times may be local ones of a zone.

    Raises Invalid with every mistake.
    """
    body: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in ("note", "catch_up"):
        if (text := form.given(name)) is not None:
            body[name] = text
    for name in ("from", "until"):
        try:
            if (at := instant_at(form, name, zone_name)) is not None:
                body[name] = at
        except Invalid as error:
            problems += error.problems
    try:
        found = validated(WorkspacePauseBody, body)
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid(problems)
    return found


def emptied_in(form: Form) -> frozenset[str]:
    """The fields of a form that shows a pause which somebody has emptied: the pause is to have them no more."""
    return frozenset(name for name in ("note", "until") if name in form.fields and form.given(name) is None)


def afterwards_in(form: Form) -> CatchUp | None:
    """What a form says of the slots of a pause that ends. Raises Invalid."""
    given = form.given("catch_up")
    return catch_up_in(validated(WorkspaceResumeBody, {} if given is None else {"catch_up": given}))
