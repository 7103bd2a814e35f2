"""How an `http` target whose `completion` is `watch` learns that a run has ended: it asks a URL now and then.

    "done_on": [409],
    "poll": {"url": "https://example.com/runs/{{ answer.id }}",
             "state": "status.phase", "succeeded": ["Succeeded"], "failed": ["Failed", "Error"],
             "output": "result", "going_on": [404]}

`done_on` are statuses beside 2xx by which the target says that it has the run already: the run's id makes it one run.
`poll.url` may use everything that the target's own URL may, and `answer`, the JSON of the answer to the request that
gave the run. It has to lead to the same scheme, host and port as `url`. The looks carry the target's headers, except
those that need a value of the run. `poll.state` is the dotted path to the state in the answer to a look. `succeeded`
and `failed` are the states that end a run; in every other state it goes on. `output` is the path to what becomes the
run's output; without it, that is the whole answer. `going_on` are statuses that say by themselves that the run goes on.
Every other status but 2xx, and what is not JSON, is a look that has failed: the run shows why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.execution import Outcome, Verdict
from horarium.executors.checks import check_fields, shortened
from horarium.executors.template import ROOTS, TemplateError, as_text, check_template, look_up

FIELDS = ("url", "state", "succeeded", "failed", "output", "going_on")
# Everything that placeholders in `poll.url` may begin with.
URL_ROOTS: Mapping[str, Collection[str] | None] = {**ROOTS, "answer": None}
_LONGEST_PATH = 500
_MOST_STATES = 50
_LONGEST_STATE = 200


def check_done_on(given: Any) -> list[Problem]:
    """What is wrong with `done_on`. None is nothing."""
    if given is None:
        return []
    fits = isinstance(given, list) and len(given) <= _MOST_STATES
    if fits and all(type(status) is int and 300 <= status <= 599 for status in given):
        return []
    return [Problem("done_on", f"must be a list of at most {_MOST_STATES} statuses from 300 to 599")]


def check_poll(poll: Any, secret_names: Collection[str]) -> list[Problem]:
    """What is wrong with `poll`, but for where its URL leads. None is nothing."""
    if poll is None:
        return []
    if not isinstance(poll, Mapping):
        return [Problem("poll", "must be an object", "type")]
    problems = [
        Problem(f"poll.{found.field}", found.message, found.code)
        for found in check_fields(poll, "poll", FIELDS)
    ]
    if not isinstance(poll.get("url"), str):
        problems.append(
            Problem("poll.url", "is required: the absolute URL that tells the run's state", "required")
        )
    else:
        problems += check_template(poll["url"], "poll.url", secret_names, URL_ROOTS)
    problems += _check_going_on(poll.get("going_on"))
    problems += _check_path("state", poll.get("state"), required=True)
    problems += _check_path("output", poll.get("output"), required=False)
    problems += _check_states("succeeded", poll.get("succeeded"), required=True)
    return problems + _check_states("failed", poll.get("failed"), required=False)


def _check_going_on(given: Any) -> list[Problem]:
    if given is None:
        return []
    fits = isinstance(given, list) and len(given) <= _MOST_STATES
    if fits and all(type(status) is int and 200 <= status <= 599 for status in given):
        return []
    words = f"must be a list of at most {_MOST_STATES} statuses from 200 to 599"
    return [Problem("poll.going_on", words)]


def _check_path(name: str, path: Any, *, required: bool) -> list[Problem]:
    if path is None:
        words = "is required: the dotted path to the state in the answer"
        return [Problem(f"poll.{name}", words, "required")] if required else []
    if not isinstance(path, str) or not path or len(path) > _LONGEST_PATH or "" in path.split("."):
        return [Problem(f"poll.{name}", f"must be a dotted path of at most {_LONGEST_PATH} characters")]
    return []


def _check_states(name: str, states: Any, *, required: bool) -> list[Problem]:
    if states is None and not required:
        return []
    fits = isinstance(states, list) and len(states) <= _MOST_STATES and (states or not required)
    if fits and all(isinstance(state, str) and 0 < len(state) <= _LONGEST_STATE for state in states):
        return []
    return [
        Problem(f"poll.{name}", f"must be a list of 1 to {_MOST_STATES} texts: the states that end a run so")
    ]


class CompiledPoll:
    """A checked `poll`, ready for looks."""

    __slots__ = ("_failed", "_output", "_state", "_succeeded", "going_on")

    def __init__(self, poll: Mapping[str, Any]) -> None:
        self._state: str = poll["state"]
        self._succeeded = frozenset(poll["succeeded"])
        self._failed = frozenset(poll.get("failed") or ())
        self._output: str | None = poll.get("output")
        self.going_on = frozenset(poll.get("going_on") or ())

    def outcome(self, answer: Any) -> Outcome | None:
        """How the run ended by the JSON of an answer to a look; None while it goes on. Pure."""
        try:
            state = as_text(look_up({"answer": answer}, f"answer.{self._state}"))
        except TemplateError:
            return None
        if state in self._succeeded:
            return Outcome(Verdict.SUCCEEDED, output=self._part(answer))
        if state in self._failed:
            words = f"the run ended there as {shortened(state)!r}"
            return Outcome(Verdict.FAILED, output=self._part(answer), error=words, retryable=False)
        return None

    def _part(self, answer: Any) -> Any:
        if self._output is None:
            return answer
        try:
            return look_up({"answer": answer}, f"answer.{self._output}")
        except TemplateError:
            return None
