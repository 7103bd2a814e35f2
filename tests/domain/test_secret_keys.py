"""Keys for secrets, as operators give them."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from horarium.domain.secret_keys import SIZE, key_bytes

RAW = b"\xfb\xff" * (SIZE // 2)


@pytest.mark.parametrize("written", [b64encode(RAW), urlsafe_b64encode(RAW), b" " + b64encode(RAW) + b"\n"])
def test_a_key_is_read_however_it_is_written(written):
    assert key_bytes(written.decode()) == RAW


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_a_key_of_another_size_is_none(size):
    assert key_bytes(b64encode(bytes(size)).decode()) is None


@pytest.mark.parametrize("text", ["no key", "ä" * 44, "A" * 43])
def test_what_is_no_base64_is_none(text):
    assert key_bytes(text) is None
