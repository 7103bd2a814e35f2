"""Secrets at rest: sealed with AES-256-GCM, each bound to what it belongs to.

The keys are lines of text, 32 random bytes each in URL-safe base 64; the first one seals, all of them open.
With SQLite they live in a file of the data folder, made at the first start and readable by its owner alone;
with PostgreSQL they are given by the settings, the same on every node, and never made here.

A sealed value is: format (1 byte), key id (4), nonce (12), ciphertext and tag. The context is authenticated
with it, so that a blob copied to another row does not open there.
"""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from horarium.domain.errors import HorariumError

_FORMAT = b"\x01"
_LABEL = b"horarium vault 1\0"
_KEY_ID, _NONCE, _TAG = 4, 12, 16
_HEADER = len(_FORMAT) + _KEY_ID + _NONCE
_OTHERS = 0o077


class VaultError(HorariumError):
    """The keys cannot be used, or a sealed value does not open with them. The message holds no key and no
    value."""


class _Key:
    __slots__ = ("cipher", "fingerprint", "id", "text")

    def __init__(self, text: str) -> None:
        raw = _raw_key(text)
        self.text = text
        self.cipher = AESGCM(raw)
        self.id = hmac.digest(raw, _LABEL + b"id", "sha256")[:_KEY_ID]
        self.fingerprint = hmac.digest(raw, _LABEL + b"fingerprint", "sha256")[:16].hex()


def _raw_key(text: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
    except (ValueError, UnicodeEncodeError):
        raw = b""
    if len(raw) != 32:
        raise VaultError("a vault key must be 32 bytes in URL-safe base 64 (44 characters)")
    return raw


def new_key() -> str:
    """A fresh key in its usual writing: 32 random bytes in URL-safe base 64."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


class Vault:
    """Seals and opens the secrets of targets. Keep one per process; safe to use from several threads."""

    def __init__(self, keys: Iterable[str], path: Path | None = None) -> None:
        """From keys given in the settings; the first one seals. Raises VaultError where one of them is no
        key."""
        self._keys = tuple(_Key(text.strip()) for text in keys)
        if not self._keys:
            raise VaultError("the vault needs at least one key")
        self._path = path

    @classmethod
    def from_file(cls, path: Path) -> Vault:
        """From the key file of a data folder, which is made where it is missing (mode 600, whole or not at
        all).

        Raises VaultError where others may read it, or where it holds something that is no key.
        """
        if not path.exists():
            _make_key_file(path)
        return cls(_read_key_file(path), path)

    def seal(self, values: Mapping[str, Any], context: bytes) -> bytes:
        """A JSON-able mapping, sealed. `context` says what it belongs to (a target's id) and is needed to
        open it."""
        key, nonce = self._keys[0], os.urandom(_NONCE)
        header = _FORMAT + key.id + nonce
        return header + key.cipher.encrypt(nonce, orjson.dumps(dict(values)), _LABEL + context)

    def open(self, blob: bytes, context: bytes) -> dict[str, Any]:
        """What was sealed. Raises VaultError where it was sealed with an unknown key, for another context,
        or changed."""
        blob = bytes(blob)
        if len(blob) < _HEADER + _TAG or blob[:1] != _FORMAT:
            raise VaultError("a sealed value is not in a form that this version knows")
        key_id, nonce = blob[1 : 1 + _KEY_ID], blob[1 + _KEY_ID : _HEADER]
        # Two keys may share an id by chance, so every one that bears it is tried.
        candidates = [key for key in self._keys if key.id == key_id]
        if not candidates:
            raise VaultError("a sealed value was sealed with a key that the vault does not have")
        for key in candidates:
            with suppress(InvalidTag):
                plain = key.cipher.decrypt(nonce, blob[_HEADER:], _LABEL + context)
                opened: dict[str, Any] = orjson.loads(plain)
                return opened
        raise VaultError("a sealed value was changed, or belongs to something else")

    def is_current(self, blob: bytes) -> bool:
        """Whether a value was sealed with the first key, so that there is nothing to reseal."""
        return bytes(blob[1 : 1 + _KEY_ID]) == self._keys[0].id

    def reseal(self, blob: bytes, context: bytes) -> bytes:
        """The same value under the first key."""
        return self.seal(self.open(blob, context), context)

    @property
    def has_file(self) -> bool:
        """Whether the keys are kept in a file here, where a new one can be put in front."""
        return self._path is not None

    def rotate_key(self) -> None:
        """Puts a new key first in the key file; the old ones still open. Raises VaultError for keys from
        the settings, which are rotated there: write the new one in front."""
        if self._path is None:
            raise VaultError("the vault's keys come from the settings: rotate them there, the new one first")
        texts = [new_key(), *(key.text for key in self._keys)]
        _write_key_file(self._path, texts, replace=True)
        self._keys = tuple(_Key(text) for text in texts)

    def fingerprint(self) -> str:
        """A name of the first key that tells nothing about it. The store keeps it, to notice a wrong key at
        start."""
        return self._keys[0].fingerprint

    def knows(self, fingerprint: str) -> bool:
        """Whether a stored fingerprint is that of one of our keys. If not, these are not the keys of that
        database."""
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
        raise VaultError(f"the key file {path.name} is empty: put the vault's keys back, one a line")
    return keys


def _make_key_file(path: Path) -> None:
    try:
        # Two processes may start at once: the one that comes second finds the file and uses it.
        with suppress(FileExistsError):
            _write_key_file(path, [new_key()], replace=False)
    except OSError as error:
        raise VaultError(f"the key file {path.name} cannot be made: {type(error).__name__}") from None


def _write_key_file(path: Path, keys: Iterable[str], *, replace: bool) -> None:
    """Written beside, flushed, then put in place in one step: a crash leaves the old file or the new one."""
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
        # A file system without hard links: written in place then, still refusing what is there.
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
