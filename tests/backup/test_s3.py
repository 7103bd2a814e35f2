"""Backups in a bucket: put, listed, brought back and deleted; what the storage refuses is told in a sentence."""

from __future__ import annotations

import stat
from types import SimpleNamespace

import pytest

from horarium.backup.keeping import back_up
from horarium.backup.manifest import file_name
from horarium.backup.places import find, newest, place_of
from horarium.backup.restoring import check_backup
from horarium.domain.errors import Unavailable
from tests.support.installation import open_store
from tests.support.tenant import NOON, Tenant

boto3 = pytest.importorskip("boto3", reason="comes with the extra horarium[s3]")
server = pytest.importorskip("moto.moto_server.threaded_moto_server", reason="the storage on loopback")


@pytest.fixture
def bucket(monkeypatch):
    """The name of a bucket in a storage on loopback."""
    storage = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    storage.start()
    host, port = storage.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "who"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="kept")
    yield "kept"
    storage.stop()


async def test_backups_are_kept_in_a_bucket_and_the_newest_is_found_again(tmp_path, bucket):
    url = f"sqlite:///{tmp_path}/a.db"
    store = await open_store(url)
    await Tenant.open(store)
    await store.close()
    to = f"s3://{bucket}/of/mine"
    boto3.client("s3").put_object(Bucket=bucket, Key="of/mine/notes.txt", Body=b"mine")
    boto3.client("s3").put_object(Bucket=bucket, Key=f"of/mine/below/{file_name(NOON)}", Body=b"other")
    first, second, third = [await back_up(url, to, keep=2) for _ in range(3)]
    names = [file_name(kept.manifest.made_ms) for kept in (first, second, third)]
    assert third.where == f"{to}/{names[2]}"
    assert third.deleted == [names[0]]
    place = place_of(to)
    assert sorted(place.names()) == [*names[1:], "notes.txt"]
    assert newest(place) == names[2]
    brought = find(to, tmp_path)
    assert stat.S_IMODE(brought.stat().st_mode) == 0o600
    assert check_backup(brought) == third.manifest
    assert check_backup(find(f"{to}/{names[1]}", tmp_path)) == second.manifest


@pytest.mark.parametrize("there", [0, 4, 6])
async def test_a_backup_of_which_not_all_or_more_has_arrived_is_not_kept(tmp_path, monkeypatch, there):
    """Somebody else may write there at the same time, and a storage may say that it has what it has not."""
    place, file = place_of("s3://kept/of/mine"), tmp_path / file_name(NOON)
    file.write_bytes(b"12345")
    asked = []

    def asks(name):
        return lambda *given, **named: asked.append((name, given, named)) or {"ContentLength": there}

    class Known(Exception):
        pass

    client = SimpleNamespace(upload_file=asks("put"), head_object=asks("head"))
    client.exceptions = SimpleNamespace(NoSuchBucket=Known)
    monkeypatch.setattr(place, "_client", client)
    with pytest.raises(Unavailable, match=rf"{file.name} has {there} bytes, the backup 5$"):
        place.put(file)
    key = f"of/mine/{file.name}"
    assert asked == [("put", (str(file), "kept", key), {}), ("head", (), {"Bucket": "kept", "Key": key})]


async def test_what_the_storage_refuses_is_told_in_a_sentence(tmp_path, bucket, monkeypatch):
    with pytest.raises(Unavailable, match="there is no bucket none"):
        place_of("s3://none/x").names()
    with pytest.raises(Unavailable, match="there is no backup in s3://kept"):
        find("s3://kept", tmp_path)
    with pytest.raises(Unavailable, match=r"the storage refuses s3://kept/: .*(404|not|exist)"):
        find(f"s3://kept/{file_name(NOON)}", tmp_path)
    with pytest.raises(Unavailable, match="s3://BUCKET/PREFIX"):
        place_of("s3://")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="the storage of s3://kept cannot be used"):
        place_of("s3://kept").names()
