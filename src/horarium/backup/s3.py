"""A bucket of an S3-compatible storage. Address, region and credentials come from where boto3 looks for them: the
environment (AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and so on), its files, or the machine's role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from horarium.domain.errors import Unavailable
from horarium.store.private_files import private_file

# How long the storage may take to accept a connection and to go on with an answer (seconds).
_CONNECT_S, _READ_S = 10, 60


class Bucket:
    """Backups in a bucket, below a prefix that may be empty."""

    def __init__(self, address: str) -> None:
        """`address`: BUCKET/PREFIX. Raises Unavailable where boto3 is not installed or the bucket has no name."""
        self._bucket, _, prefix = address.partition("/")
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        if not self._bucket:
            raise Unavailable("an address of S3 is written s3://BUCKET/PREFIX")

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise Unavailable("backups to S3 need the extra: pip install 'horarium[s3]'") from None
        # Other storages than Amazon's do not know the checksums that newer clients send unasked.
        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "max_attempts": 5},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", config=config)

    def names(self) -> list[str]:
        with self._translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
            )
            return [
                found["Key"].removeprefix(self._prefix)
                for page in pages
                for found in page.get("Contents", ())
            ]

    def put(self, file: Path) -> str:
        """Upload a file, and see that all of it has arrived."""
        key = self._prefix + file.name
        with self._translated():
            self._client.upload_file(str(file), self._bucket, key)
            there = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        if there != file.stat().st_size:
            raise Unavailable(
                f"s3://{self._bucket}/{key} has {there} bytes, the backup {file.stat().st_size}"
            )
        return f"s3://{self._bucket}/{key}"

    def fetch(self, name: str, folder: Path) -> Path:
        file = folder / name
        # The file stays private: boto3 would put one of its own in its place if it were given the name.
        private_file(file)
        with self._translated(), file.open("wb") as into:
            self._client.download_fileobj(self._bucket, self._prefix + name, into)
        return file

    def delete(self, name: str) -> None:
        with self._translated():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raises Unavailable for what boto3 raises in the block."""
        client = self._client
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except client.exceptions.NoSuchBucket:
            raise Unavailable(f"there is no bucket {self._bucket}: make it, or name another") from None
        except ClientError as error:
            told = error.response.get("Error", {})
            words = told.get("Message") or told.get("Code") or str(error)
            raise Unavailable(f"the storage refuses s3://{self._bucket}/{self._prefix}: {words}") from None
        except (Boto3Error, BotoCoreError) as error:
            raise Unavailable(f"the storage of s3://{self._bucket} cannot be used: {error}") from None
