"""docs/operate/keys.md says what scopes allow, and how a service gets no more than it needs."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

from horarium.console.scope_words import SCOPE_WORDS
from tests.support.house import House

PAGE = (Path(__file__).parents[2] / "docs" / "operate" / "keys.md").read_text("utf-8")


def test_every_scope_stands_on_the_page_with_the_words_of_the_console() -> None:
    (table,) = re.findall(r"^\| scope \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = dict(re.findall(r"^\| `(\S+)` \| (.*) \|$", table, re.MULTILINE))
    assert list(rows) == list(SCOPE_WORDS)
    assert [scope for scope, words in rows.items() if not words.startswith(SCOPE_WORDS[scope])] == []


async def test_the_steps_of_the_page_make_a_service_that_schedules_one_target() -> None:
    (steps,) = re.findall(r"```sh\n(curl -X POST \$API/principals .*?)```", PAGE, re.DOTALL)
    maker, granter, made = (shlex.split(line) for line in steps.splitlines())
    async with House.open("2026-03-01T12:00:00Z") as house:
        for key in ("digest", "other"):
            await house.target("workflow", "https://example.com/hook", key=key)
        post = house.client.post
        principal = (await post("/horarium/v1/principals", content=maker[-1])).json()["id"]
        path = granter[3].replace("$API", "/horarium/v1").replace("prn_01J...", principal)
        assert (await post(path, content=granter[-1])).is_success
        scopes = [word for before, word in pairwise(made) if before == "--scope"]
        body = {"name": "digest", "principal": principal, "scopes": scopes}
        key = (await post("/horarium/v1/keys", json=body)).json()["key"]
        for target, status in (("digest", 201), ("other", 403)):
            schedule = {"name": "s", "recurrence": "@daily", "target": target}
            sent = {"Authorization": f"Bearer {key}"}
            answer = await post("/horarium/v1/schedules", json=schedule, headers=sent)
            assert answer.status_code == status, answer.text
        assert (await house.client.delete(f"/horarium/v1/principals/{principal}/grants/digest")).is_success
