"""The encryption key of stored secrets is rotated: everything is sealed anew, and all of it still opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from horarium.app import open_server
from horarium.domain.errors import Forbidden
from horarium.domain.ids import random_id
from horarium.domain.listings import AuditListing
from horarium.domain.target import TargetKind
from horarium.service import secrets
from horarium.service.schedules import ScheduleDraft
from horarium.service.secrets import Rotated, SecretService
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.vault import Vault
from horarium.store.verbs import secrets as verbs
from horarium.times import Timing


async def test_everything_is_sealed_with_the_new_key_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "AT_ONCE", 1)
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        config = {"url": "https://example.com/", "secrets": {"TOKEN": "s3cret"}}
        target = (
            await services.targets.create(who, TargetDraft(TargetKind.TOOL, "Tool", "http", config))
        ).target
        await services.targets.create(who, TargetDraft(TargetKind.TOOL, "Other", "http", config))
        new = random_id(services.clock.now_ms())
        environment = services.vault.seal({"A": "b"}, new)
        timing = Timing("0 9 * * *", "native", "UTC")
        draft = ScheduleDraft(
            who.workspace_id, who.principal_id, "s", timing, target.id, environment=environment, id=new
        )
        await services.schedules.create(draft)
        service = SecretService(services.store, services.vault, services.clock)
        assert (await service.rotate(who)).resealed == 3
        assert len((tmp_path / "secret.key").read_text().split()) == 2
        # Without a file, so it makes no further key.
        keys = Vault((tmp_path / "secret.key").read_text().split())
        finished = await SecretService(services.store, keys, services.clock).rotate(who)
        assert finished == Rotated(False, 0)
        rotations = AuditListing(who.workspace_id, 9, action="secrets.rotated")
        noted = (await services.audit.page(who, rotations)).items
        told = [json.loads(each.content or "{}")["after"] for each in noted]
        assert sorted(told, key=lambda each: int(each["resealed"])) == [
            {"new_key": False, "resealed": 0},
            {"new_key": True, "resealed": 3},
        ]
        kept = await services.targets.get(who, str(target.number))
        stored = await services.schedules.get(who.workspace_id, new)
        only_new = Vault((tmp_path / "secret.key").read_text().split()[:1])
        assert kept.sealed is not None
        assert only_new.open(kept.sealed, target.id)["secrets.TOKEN"] == "s3cret"
        assert stored.definition.environment is not None
        assert only_new.open(stored.definition.environment, new) == {"A": "b"}
        issued = await services.tenancy.create_key(who, "weaker", ["*"])
        with pytest.raises(Forbidden):
            await service.rotate(await services.identities.resolve(issued.text))
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        assert server.services.vault.knows(only_new.fingerprint())


async def test_a_rotation_that_was_interrupted_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the interrupted one has sealed anew stands among the rest, and is passed over."""
    monkeypatch.setattr(secrets, "AT_ONCE", 2)
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        services = server.services
        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        config = {"url": "https://example.com/", "secrets": {"TOKEN": "s3cret"}}
        made = []
        for number in range(5):
            draft = TargetDraft(TargetKind.TOOL, f"Tool {number}", "http", config)
            made.append((await services.targets.create(who, draft)).target)
        services.vault.rotate_key()
        begun = await services.store.read(verbs.sealed, "targets", verbs.BEFORE_ALL, 1)
        fresh = [(sealed, services.vault.reseal(sealed.blob, sealed.id)) for sealed in begun]
        await services.store.write(verbs.reseal, "targets", fresh)
        keys = Vault((tmp_path / "secret.key").read_text().split())
        assert await SecretService(services.store, keys, services.clock).rotate(who) == Rotated(False, 4)
