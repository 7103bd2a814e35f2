"""What a server asks of its database before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.app import open_server
from horarium.domain.errors import Unavailable
from horarium.domain.target import TargetKind
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.verbs import meta
from horarium.times import Timing, grammar_names


async def test_a_server_does_not_start_without_a_dialect_that_its_schedules_need(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, roles=("api",))
    async with open_server(settings) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        config = {"url": "https://example.com/"}
        target = (
            await services.targets.create(who, TargetDraft(TargetKind.TOOL, "T", "http", config))
        ).target
        timing = Timing("0 9 * * *")
        await services.schedules.create(
            ScheduleDraft(who.workspace_id, who.principal_id, "s", timing, target.id, "acme")
        )
        await services.store.write(meta.schedules_without_dialect, ("acme", *grammar_names()))
    with pytest.raises(Unavailable, match=r"not installed here: 1 of acme; install the packages"):
        async with open_server(settings):
            pass
