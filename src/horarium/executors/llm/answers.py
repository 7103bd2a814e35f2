"""Says why a model's answer is none, although its server answered with success.

A server may answer 200 and send an error, JSON of another form, or no JSON. A model may refuse, or write nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from horarium.domain.json_text import NotKept, decode_received

# The longest part of a text from the model or its server that is shown, in characters.
LONGEST_DETAIL = 300
_UNREADABLE = "the model's answer could not be read"


class NoAnswer(Exception):
    """The model answered, but without a text that counts. `retryable` tells whether asking again may help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


def check_answer(text: str | None, finish_reason: str | None, refusal: str | None) -> str:
    """The text of an answer. Raises NoAnswer if the model refused, was stopped by a filter, or wrote no text."""
    if refusal:
        raise NoAnswer(f"the model refused to answer: {refusal[:LONGEST_DETAIL]}", retryable=False)
    if finish_reason == "content_filter":
        raise NoAnswer("a content filter stopped the model's answer", retryable=False)
    if text and not text.isspace():
        return text
    if finish_reason == "length":
        raise NoAnswer("the model reached max_tokens before it wrote any text", retryable=False)
    if finish_reason == "tool_call":
        raise NoAnswer(
            "the model called a tool instead of answering, but targets have no tools", retryable=False
        )
    reason = f" (finish_reason {finish_reason!r})" if finish_reason else ""
    raise NoAnswer(f"the model's answer has no text{reason}", retryable=True)


def why_unreadable(body: bytes | None, error: BaseException) -> str:
    """Why an answer with a status of success could not be read. `error` is what the client library raised."""
    try:
        value = decode_received(body or b"")
    except (orjson.JSONDecodeError, NotKept):
        return f"{_UNREADABLE}: it is {'not JSON' if body else 'empty'}"
    if not isinstance(value, dict):
        return f"{_UNREADABLE}: it is not a JSON object"
    if value.get("error"):
        said = message_of(value)
        return f"the model's server answered with an error{f': {said}' if said else ''}"
    wrong = _wrong_in_completion(value) or _first_of(error, value)
    return f"{_UNREADABLE}: {wrong}" if wrong else _UNREADABLE


def message_of(body: Any) -> str | None:
    """The message of an error in a usual JSON form, cut to LONGEST_DETAIL characters, or None."""
    found = body
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping | str):
        found = body["error"]
    message = found.get("message") if isinstance(found, Mapping) else found
    return message[:LONGEST_DETAIL] if isinstance(message, str) and message else None


def _wrong_in_completion(value: Mapping[str, Any]) -> str | None:
    """What an object with `choices`, or without all else that answers may consist of, lacks."""
    if "choices" not in value:
        return None if {"output", "content", "candidates"} & value.keys() else "choices is missing"
    choices = value["choices"]
    if not isinstance(choices, list) or not choices:
        return "choices must be a list with at least one choice"
    if not isinstance(choices[0], Mapping):
        return "choices.0 must be an object"
    if not isinstance(choices[0].get("message"), Mapping):
        return (
            "choices.0.message must be an object"
            if "message" in choices[0]
            else "choices.0.message is missing"
        )
    return None


def _first_of(error: BaseException, value: Any) -> str | None:
    """The field that the client library missed or did not understand, if it says so."""
    listed = getattr(error.__cause__ or error, "errors", None)
    first = next(iter(listed()), None) if callable(listed) else None
    if not isinstance(first, Mapping):
        return None
    path = first.get("loc", ())
    field = ".".join(str(part) for part in path)
    return f"{field} has a value that is not expected" if _has(value, path) else f"{field} is missing"


def _has(value: Any, path: Sequence[str | int]) -> bool:
    """Whether a JSON value has something at a path of names and positions."""
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return True
