"""The input of a schedule and of the runs that it creates: an object, which the agent's executor receives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.api.kit import Json
from horarium.domain.target import Target
from horarium.domain.variations import Variation, first_message, variations_of

# Its members. VARIATION_ID names the variation of the agent to use.
MESSAGE, DATA, SYSTEM_DATA, VARIATION_ID = "initialMessage", "data", "systemPromptData", "variationId"


def members_of(given: Any) -> Mapping[str, Any]:
    """The members of an input; none for one that another API has put in its place and that is not an object."""
    return given if isinstance(given, Mapping) else {}


def message_in(given: Any) -> str:
    """The message in an input."""
    return str(members_of(given).get(MESSAGE, ""))


def message_of_run(given: Any, variation: Variation) -> str:
    """The message that a run begins with: the one in its input, else that of its variation."""
    return message_in(given) or first_message(variation)


def has_stand_in(given: Any, agent: Target) -> bool:
    """Whether something stands in for the message in an input: data for the system prompt, or the messages of the
    variations. Where the input names no variation, every one must have a message, because any may be chosen."""
    members = members_of(given)
    if members.get(SYSTEM_DATA) is not None:
        return True
    variations, pinned = variations_of(agent.extra, agent.id), members.get(VARIATION_ID)
    chosen = [variation for variation in variations if variation.id == pinned] or variations
    return all(map(first_message, chosen))


def data_shown(given: Any) -> Json:
    """The data in an input as resources show it: that for the message, in both spellings, and that for the system
    prompt. What is absent is left out, and so is what is no object under a name that stands for objects alone."""
    data, system_data = members_of(given).get(DATA), members_of(given).get(SYSTEM_DATA)
    shown = {} if data is None else {"data": data}
    if isinstance(data, Mapping):
        shown["firstUserMessageData"] = data
    return {**shown, "systemPromptData": system_data} if isinstance(system_data, Mapping) else shown
