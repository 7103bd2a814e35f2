"""What a server asks of its database before it starts."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

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


async def test_data_is_private_and_a_folder_that_others_can_read_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "horarium.db").touch(0o644)
    with capture_logs() as logs:
        async with open_server(Settings(data=tmp_path, roles=("api",))):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"horarium.db", "horarium.db-wal", "lock", "admin.key", "secret.key"} <= set(modes)
    (warned,) = [entry for entry in logs if entry["event"] == "data_folder_open"]
    assert f"chmod 700 {tmp_path}" in warned["advice"]


async def test_a_new_data_folder_is_private_and_nothing_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with capture_logs() as logs:
        async with open_server(Settings(data=data, roles=("api",))):
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert not [entry for entry in logs if entry["event"] == "data_folder_open"]
