from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from horarium.store.vault import Vault, VaultError, new_key

SECRETS = {"headers.Authorization": "Bearer abc", "signing_secret": ["whsec_a", "whsec_b"]}


def test_what_is_sealed_opens_again() -> None:
    vault = Vault([new_key()])
    assert vault.open(vault.seal(SECRETS, b"target-1"), b"target-1") == SECRETS


def test_a_sealed_value_shows_nothing_and_never_looks_the_same_twice() -> None:
    vault = Vault([new_key()])
    first, second = vault.seal(SECRETS, b"t"), vault.seal(SECRETS, b"t")
    assert b"Bearer" not in first
    assert first != second


def test_a_blob_moved_to_another_row_does_not_open() -> None:
    vault = Vault([new_key()])
    with pytest.raises(VaultError, match="belongs to something else"):
        vault.open(vault.seal(SECRETS, b"target-1"), b"target-2")


@pytest.mark.parametrize("place", [0, 1, 6, 20, -1])
def test_a_changed_blob_does_not_open(place: int) -> None:
    vault = Vault([new_key()])
    blob = bytearray(vault.seal(SECRETS, b"t"))
    blob[place] ^= 1
    with pytest.raises(VaultError):
        vault.open(bytes(blob), b"t")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" * 20, b"\x02" * 100])
def test_rubbish_is_refused_with_a_sentence(blob: bytes) -> None:
    with pytest.raises(VaultError):
        Vault([new_key()]).open(blob, b"t")


def test_another_key_does_not_open_it_and_the_error_holds_no_key() -> None:
    key = new_key()
    blob = Vault([new_key()]).seal(SECRETS, b"t")
    with pytest.raises(VaultError) as caught:
        Vault([key]).open(blob, b"t")
    assert key not in str(caught.value)
    assert key not in repr(Vault([key]))


def test_every_key_opens_and_the_first_one_seals() -> None:
    old, new = new_key(), new_key()
    blob = Vault([old]).seal(SECRETS, b"t")
    both = Vault([new, old])
    assert both.open(blob, b"t") == SECRETS
    assert not both.is_current(blob)
    moved = both.reseal(blob, b"t")
    assert both.is_current(moved)
    assert Vault([new]).open(moved, b"t") == SECRETS


def test_a_key_that_not_all_nodes_have_yet_seals_nothing() -> None:
    old, new = new_key(), new_key()
    vault = Vault([new, old])
    assert vault.seal_with(Vault([old]).fingerprint())
    blob = vault.seal(SECRETS, b"t")
    assert Vault([old]).open(blob, b"t") == SECRETS
    assert vault.is_current(blob)
    assert vault.seal_with(vault.fingerprint())
    assert not vault.seal_with(Vault([new_key()]).fingerprint())
    assert Vault([new]).open(vault.reseal(blob, b"t"), b"t") == SECRETS


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    blob = Vault.from_file(path).seal(SECRETS, b"t")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.from_file(path).open(blob, b"t") == SECRETS
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.key"]


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    path, found = tmp_path / "vault.key", []
    threads = [
        threading.Thread(target=lambda: found.append(Vault.from_file(path).fingerprint())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "vault.key"
    Vault.from_file(path)
    path.chmod(mode)
    with pytest.raises(VaultError, match="mode to 600"):
        Vault.from_file(path)


@pytest.mark.parametrize("text", ["", "\n\n", "short\n", "é" * 44, "A" * 44 + "\nnot a key\n"])
def test_a_spoilt_key_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(VaultError):
        Vault.from_file(path)
    assert path.read_text() == text


def test_rotating_puts_a_new_key_first_and_keeps_the_old(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    vault = Vault.from_file(path)
    before, blob = vault.fingerprint(), vault.seal(SECRETS, b"t")
    vault.rotate_key()
    assert vault.fingerprint() != before
    again = Vault.from_file(path)
    assert again.fingerprint() == vault.fingerprint()
    assert again.open(blob, b"t") == SECRETS
    assert again.knows(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 2


def test_a_vault_that_has_rotated_its_key_opens_what_the_old_ones_sealed(tmp_path: Path) -> None:
    vault = Vault.from_file(tmp_path / "vault.key")
    known, blobs = [], []
    for _ in range(3):
        known.append(vault.fingerprint())
        blobs.append(vault.seal(SECRETS, b"t"))
        vault.rotate_key()
    assert [vault.open(blob, b"t") for blob in blobs] == [SECRETS] * 3
    assert [vault.is_current(blob) for blob in blobs] == [False] * 3
    assert all(map(vault.knows, known))
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.key"]


def test_a_rotation_that_fails_leaves_the_keys_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vault.key"
    vault = Vault.from_file(path)
    before, text = vault.fingerprint(), path.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("horarium.store.vault.os.replace", full)
    with pytest.raises(OSError, match="no space left"):
        vault.rotate_key()
    assert (vault.fingerprint(), path.read_text()) == (before, text)
    assert [entry.name for entry in tmp_path.iterdir()] == ["vault.key"]


def test_two_keys_that_have_one_id_by_chance_each_open_what_they_sealed() -> None:
    old, new = new_key(), new_key()
    vaults = [Vault([old]), Vault([new]), Vault([new, old])]
    for vault in vaults:
        for key in vault._keys:
            key.id = b"same"
    for vault in vaults[:2]:
        assert vaults[2].open(vault.seal(SECRETS, b"t"), b"t") == SECRETS


def test_blank_lines_and_spaces_around_a_key_are_no_part_of_it(tmp_path: Path) -> None:
    path, key = tmp_path / "vault.key", new_key()
    path.touch(mode=0o600)
    path.write_text(f"\n  {key} \r\n\n")
    assert (
        Vault.from_file(path).fingerprint()
        == Vault([f" {key}\n"]).fingerprint()
        == Vault([key]).fingerprint()
    )


def test_given_keys_are_not_rotated_here() -> None:
    with pytest.raises(VaultError, match="settings"):
        Vault([new_key()]).rotate_key()


def test_a_wrong_key_is_noticed_by_its_fingerprint() -> None:
    right = Vault([new_key()])
    assert not Vault([new_key()]).knows(right.fingerprint())


@pytest.mark.parametrize("keys", [[], [""], ["x" * 44], [new_key()[:-4]], [new_key(), "no"]])
def test_keys_of_a_wrong_form_are_refused(keys: list[str]) -> None:
    with pytest.raises(VaultError):
        Vault(keys)


def test_without_hard_links_the_key_file_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr("horarium.store.vault.os.link", refuse)
    path = tmp_path / "vault.key"
    assert Vault.from_file(path).fingerprint() == Vault.from_file(path).fingerprint()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be made"):
        Vault.from_file(tmp_path / "nowhere" / "vault.key")
