"""The encryption key of stored secrets is rotated: everything is sealed anew, and all of it still opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from horarium.app import open_server
from horarium.domain.errors import Forbidden, Unavailable
from horarium.domain.ids import random_id
from horarium.domain.listings import AuditListing
from horarium.domain.target import TargetKind
from horarium.service import secrets
from horarium.service.schedules import ScheduleDraft
from horarium.service.secrets import Rotated, SecretService
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import meta, nodes
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


async def test_on_all_nodes_a_key_that_is_new_seals_from_the_rotation_on(tmp_path: Path) -> None:
    """Until then it does not, because nodes that have not been restarted yet could not read what it seals."""
    old, new = new_key(), new_key()

    def sealed_by(service: SecretService, key: str) -> bool:
        return Vault([key]).is_current(service.vault.seal({"A": "b"}, b"t"))

    async with open_server(Settings(data=tmp_path, roles=("api",), secret_key=old)):
        pass
    async with open_server(Settings(data=tmp_path, roles=("api",), secret_key=f"{new},{old}")) as server:
        services, paused = server.services, list[float]()
        another = SecretService(services.store, Vault([new, old]), services.clock)

        async def pause(seconds: float) -> None:
            """As the other node does meanwhile."""
            await another.follow()
            paused.append(seconds)

        who = await services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        service = SecretService(services.store, services.vault, services.clock, pause)
        await another.follow()
        assert sealed_by(service, old)
        assert sealed_by(another, old)
        await service.rotate(who)
        assert sealed_by(service, new)
        assert paused == []  # the server is alone
        now = services.clock.now_ms()
        beside = nodes.NodeRow(random_id(now), "beside", "api", "1", "2026a", now, now, now + 30_000)
        await services.store.urgent(nodes.register, beside, False)
        await service.rotate(who)
        assert sealed_by(another, new)
        assert paused == [secrets.FOLLOWED_S]
        assert secrets.FOLLOWED_S > secrets.FOLLOW_S


async def test_a_node_without_the_key_that_seals_says_so_and_rotates_nothing(tmp_path: Path) -> None:
    async with open_server(Settings(data=tmp_path, roles=("api",))) as server:
        vault = Vault([new_key()])
        who = await server.services.identities.resolve((tmp_path / "admin.key").read_text().strip())
        service = SecretService(server.services.store, vault, server.services.clock)
        with capture_logs() as lines:
            await service.follow()
        assert [line["event"] for line in lines] == ["secret_key_missing"]
        assert vault.is_current(vault.seal({}, b"t"))
        with pytest.raises(Unavailable, match="restart it with both keys"):
            await service.rotate(who)
        agreed = await server.services.store.read(meta.agreed_vault)
        assert agreed == server.services.vault.fingerprint()
