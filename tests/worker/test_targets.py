"""What a worker knows of targets: as they are stored, with their secrets opened, and no more than it may keep."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from horarium.domain.ids import random_id
from horarium.domain.target import Completion, TargetState
from horarium.store.rows import TargetRow
from horarium.store.vault import Vault, new_key
from horarium.worker import targets
from horarium.worker.targets import TargetCache
from horarium.worker.work import DELETED

VAULT = Vault([new_key()])
HOME = random_id(0)


def stored(**given: Any) -> TargetRow:
    own = random_id(0)
    row: dict[str, Any] = {
        "id": own, "version": 3, "name": "t", "executor": "http", "config": '{"url": "https://a.example"}',
        "secrets": None, "completion": Completion.CALLBACK.value, "timeout_ms": 7, "deadline_ms": 11,
        "state": TargetState.ENABLED.value, "state_reason": None, "deleted_ms": None, "extra": '{"x": 1}',
        "sealed_for": own, "home_id": HOME, "mirrored": 0,
    }  # fmt: skip
    return TargetRow(**row | given)


def known(row: TargetRow) -> Any:
    cache = TargetCache(VAULT)
    cache.learn([row])
    return cache[row.id]


def test_a_target_is_known_as_it_is_stored() -> None:
    row = stored()
    found = known(row)
    assert (found.id, found.version, found.name, found.executor) == (row.id, 3, "t", "http")
    assert (found.completion, found.timeout_ms, found.deadline_ms) == (Completion.CALLBACK, 7, 11)
    assert (found.config, found.extra) == ({"url": "https://a.example"}, {"x": 1})
    assert (found.secrets, found.disabled, found.home_id) == ({}, None, None)


def test_what_is_known_is_not_replaced_by_an_earlier_version() -> None:
    cache, later = TargetCache(VAULT), stored(version=4, name="later")
    cache.learn([later])
    cache.learn([later._replace(version=3, name="earlier")])
    assert cache[later.id].name == "later"
    cache.learn([later._replace(name="the same, read again")])
    assert cache[later.id].name == "the same, read again"


def test_secrets_are_opened_for_the_target_that_they_were_sealed_for() -> None:
    home = random_id(0)
    sealed = VAULT.seal({"headers": {"x": "s"}}, home)
    found = known(stored(secrets=sealed, sealed_for=home))
    assert found.secrets == {"headers": {"x": "s"}}


def test_a_mirror_reaches_out_from_the_workspace_that_it_is_from_and_names_no_place_of_it() -> None:
    found = known(stored(mirrored=1))
    assert found.home_id == HOME
    assert found.told is not None
    assert "a.example" not in found.told("https://a.example is away")
    assert known(stored()).told is None
    sealed = VAULT.seal({"connection": "postgresql://me:pass@db.internal/crm"}, HOME)
    of_secrets = known(stored(mirrored=1, secrets=sealed, sealed_for=HOME))
    assert "db.internal" not in of_secrets.told("could not reach db.internal")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, None),
        ({"state": "disabled"}, "switched off"),
        ({"state": "disabled", "state_reason": "too dear"}, "too dear"),
        ({"state": "archived"}, "switched off"),
        ({"deleted_ms": 1}, DELETED),
        ({"deleted_ms": 1, "state": "disabled", "state_reason": "too dear"}, DELETED),
    ],
)
def test_why_a_target_is_not_run_is_known_with_it(columns: dict[str, Any], reason: str | None) -> None:
    assert known(stored(**columns)).disabled == reason


def test_an_environment_is_opened_for_its_schedule_and_others_have_none() -> None:
    cache, schedule = TargetCache(VAULT), random_id(0)
    sealed = VAULT.seal({"A": "1"}, schedule)
    assert cache.environment(sealed, schedule) == {"A": "1"}
    assert cache.environment(None, schedule) == {}
    assert cache.environment(sealed, None) == {}


def test_a_newer_version_takes_the_place_of_an_older_one() -> None:
    cache, row = TargetCache(VAULT), stored()
    cache.learn([row])
    assert (cache.version(row.id), cache.versions) == (3, {row.id: 3})
    cache.learn([row._replace(version=4, config=orjson.dumps({}).decode())])
    assert (cache.version(row.id), cache[row.id].config) == (4, {})
    assert (cache.version(random_id(0)), cache.get(random_id(0))) == (None, None)


@pytest.mark.parametrize(("new", "kept"), [(1, [0, 1, 2, 3]), (2, [1, 3, 4])])
def test_where_targets_are_too_many_only_those_that_are_needed_are_kept(
    monkeypatch: pytest.MonkeyPatch, new: int, kept: list[int]
) -> None:
    monkeypatch.setattr(targets, "KEPT", 4)
    rows = [stored() for _ in range(5)]
    cache = TargetCache(VAULT)
    cache.learn(rows[:3])
    cache.learn(rows[3 : 3 + new], [rows[1].id, random_id(0)])
    assert set(cache.versions) == {rows[number].id for number in kept}


def test_large_configurations_are_kept_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    large = stored(config=orjson.dumps({"body": "x" * 10_000}).decode())
    rows = [large._replace(id=random_id(0)) for _ in range(20)]
    monkeypatch.setattr(targets, "KEPT_BYTES", 100_000)
    cache = TargetCache(VAULT)
    for row in rows:
        cache.learn([row])
        cache.learn([row._replace(version=row.version + 1)])  # takes the place of the one before
        assert row.id in cache.versions
        assert len(cache.versions) <= 4
    cache.learn(rows[:8], [rows[-1].id])
    assert set(cache.versions) == {row.id for row in (*rows[:8], rows[-1])}


def test_how_much_a_target_makes_of_a_run_is_known_with_its_secrets() -> None:
    own = random_id(0)
    sealed = VAULT.seal({"secrets.T": "z" * 2_000, "headers.X": "y" * 9_000}, own)
    row = stored(id=own, sealed_for=own, config='{"url": "u", "body": "{{ secrets.T }}"}', secrets=sealed)
    assert 2_000 <= known(row).filling.bytes_of({}) < 2_100
    assert known(stored()).filling is None
