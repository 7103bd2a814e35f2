"""Stored secrets: encrypted with AES-256-GCM, each bound to the row that it belongs to.

A key is a line of text: 32 random bytes in base64, plain or URL-safe. One key encrypts ("seals"), all keys decrypt
("open"). The first key seals, unless the vault is told to seal with another one, because not all nodes have the first.

With SQLite the keys are in a file of the data folder, which is made at the first start and which
only its owner may read. With PostgreSQL they come from the settings, the same on every node, and are never made here.

A sealed value consists of the format (1 byte), the key's id (4), the nonce (12), the ciphertext and the tag. The
context (the id of the row) is authenticated with it, so that a value copied to another row does not open there.
"""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from horarium.domain.errors import HorariumError
from horarium.domain.secret_keys import key_bytes

_FORMAT = b"\x01"
_LABEL = b"horarium vault 1\0"
_KEY_ID, _NONCE, _TAG = 4, 12, 16
_HEADER = len(_FORMAT) + _KEY_ID + _NONCE
_OTHERS = 0o077


class VaultError(HorariumError):
    """The keys cannot be used, or a sealed value does not open with them. The message shows no key and no value."""


class _Key:
    __slots__ = ("cipher", "fingerprint", "id", "text")

    def __init__(self, text: str) -> None:
        raw = _raw_key(text)
        self.text = text
        self.cipher = AESGCM(raw)
        self.id = hmac.digest(raw, _LABEL + b"id", "sha256")[:_KEY_ID]
        self.fingerprint = hmac.digest(raw, _LABEL + b"fingerprint", "sha256")[:16].hex()


def _raw_key(text: str) -> bytes:
    raw = key_bytes(text)
    if raw is None:
        raise VaultError("a secret key must be 32 bytes in base64 (44 characters)")
    return raw


def new_key() -> str:
    """A new key: 32 random bytes in URL-safe base64."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


class Vault:
    """Seals and opens secrets. A process needs only one; several threads may use it at once."""

    def __init__(self, keys: Iterable[str], path: Path | None = None) -> None:
        """`keys`: the first one seals, until `seal_with`. `path`: the file that they come from, if any.

        Raises VaultError where a key is not valid.
        """
        self._keys = tuple(_Key(text.strip()) for text in keys)
        if not self._keys:
            raise VaultError("the vault needs at least one key")
        self._sealing = self._keys[0]
        self._path = path

    @classmethod
    def from_file(cls, path: Path) -> Vault:
        """A vault with the keys of a key file. A missing file is made with a new key (mode 600, in one step).

        Raises VaultError where others may read the file, or where one of its lines is not a valid key.
        """
        if not path.exists():
            _make_key_file(path)
        return cls(_read_key_file(path), path)

    def seal(self, values: Mapping[str, Any], context: bytes) -> bytes:
        """Seal a mapping of JSON values.

        `context` is the id of the row that the mapping belongs to. The sealed value opens only with the same context.
        """
        key, nonce = self._sealing, os.urandom(_NONCE)
        header = _FORMAT + key.id + nonce
        return header + key.cipher.encrypt(nonce, orjson.dumps(dict(values)), _LABEL + context)

    def open(self, blob: bytes, context: bytes) -> dict[str, Any]:
        """The mapping that was sealed. Raises VaultError where its key is unknown, where it was sealed for another
        context, and where it was changed."""
        blob = bytes(blob)
        if len(blob) < _HEADER + _TAG or blob[:1] != _FORMAT:
            raise VaultError("a sealed value has a format that this version does not know")
        key_id, nonce = blob[1 : 1 + _KEY_ID], blob[1 + _KEY_ID : _HEADER]
        # Two keys may have the same id by chance, so all that have it are tried.
        candidates = [key for key in self._keys if key.id == key_id]
        if not candidates:
            raise VaultError("a sealed value needs a key that the vault does not have")
        for key in candidates:
            with suppress(InvalidTag):
                plain = key.cipher.decrypt(nonce, blob[_HEADER:], _LABEL + context)
                opened: dict[str, Any] = orjson.loads(plain)
                return opened
        raise VaultError("a sealed value was changed, or belongs to something else")

    def is_current(self, blob: bytes) -> bool:
        """Whether a value was sealed with the key that seals now, and so need not be sealed anew."""
        return bytes(blob[1 : 1 + _KEY_ID]) == self._sealing.id

    def reseal(self, blob: bytes, context: bytes) -> bytes:
        """The same value, sealed with the key that seals now. Raises VaultError, as `open` does."""
        return self.seal(self.open(blob, context), context)

    def seal_with(self, fingerprint: str) -> bool:
        """Seal with the key that has this fingerprint. False, and nothing is changed, where it is none of ours."""
        for key in self._keys:
            if hmac.compare_digest(key.fingerprint, fingerprint):
                self._sealing = key
                return True
        return False

    @property
    def has_file(self) -> bool:
        """Whether the keys are in a file, so that `rotate_key` can put a new one in front."""
        return self._path is not None

    def rotate_key(self) -> None:
        """Put a new key first in the key file; the old ones still open what they sealed.

        Raises VaultError where the keys come from the settings: there the operator writes the new one in front.
        """
        if self._path is None:
            raise VaultError("the vault's keys come from the settings: rotate them there, the new one first")
        texts = [new_key(), *(key.text for key in self._keys)]
        _write_key_file(self._path, texts, replace=True)
        self._keys = tuple(_Key(text) for text in texts)
        self._sealing = self._keys[0]

    def fingerprint(self) -> str:
        """A name for the first key, from which the key cannot be computed. The database keeps that of the key which
        seals, so that a server that starts with a wrong key notices."""
        return self._keys[0].fingerprint

    def knows(self, fingerprint: str) -> bool:
        """Whether a stored fingerprint is that of one of our keys. If not, the database was used with other keys."""
        return any(hmac.compare_digest(key.fingerprint, fingerprint) for key in self._keys)

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"


def _read_key_file(path: Path) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise VaultError(f"the key file {path.name} may be read by others: set its mode to 600")
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(f"the key file {path.name} cannot be read: {type(error).__name__}") from None
    keys = [line for line in lines if line]
    if not keys:
        raise VaultError(f"the key file {path.name} is empty: put the keys back, one on each line")
    return keys


def _make_key_file(path: Path) -> None:
    try:
        # Two processes may start at the same time: the second one finds the file and uses it.
        with suppress(FileExistsError):
            _write_key_file(path, [new_key()], replace=False)
    except OSError as error:
        raise VaultError(f"the key file {path.name} cannot be made: {type(error).__name__}") from None


def _write_key_file(path: Path, keys: Iterable[str], *, replace: bool) -> None:
    """Write a temporary file, flush it, and rename it: after a crash there is either the old file or the new one."""
    text = "".join(f"{key}\n" for key in keys)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(beside, text)
        if replace:
            os.replace(beside, path)
        else:
            _put_in_place(beside, path, text)
    finally:
        beside.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _put_in_place(beside: Path, path: Path, text: str) -> None:
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links: write the file in place, which still fails where there is one.
        _write_new(path, text)


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
