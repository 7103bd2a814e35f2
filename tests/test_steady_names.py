"""Which names of tests may differ from one process to the next: no run of tests begins with one."""

import gzip

import pytest

from horarium.domain.ids import random_id
from tests.support.steady_names import by_chance


@pytest.mark.parametrize(
    "part",
    [random_id(1), (None, random_id(1)), (b"\0'",), object()],
    ids=["id", "with an id", "with bytes", "object"],
)
@pytest.mark.parametrize("written", [str, repr], ids=["str", "repr"])
def test_a_name_with_an_address_or_an_id_in_it_may_differ_in_each_process(part, written):
    # pytest doubles the backslashes of ids that are functions.
    for name in (written(part), written(part).replace("\\", "\\\\")):
        assert by_chance(["test_one[a]", f"test_two[{name}]"]) == [f"test_two[{name}]"]


def test_what_a_test_itself_has_written_is_the_same_in_each_process():
    assert (
        by_chance(['test[{"a": "b"}]', "test[0x1f]", "test['a:b' || :c]", "test[b'text']", "test[\\x00]"])
        == []
    )


def test_a_name_with_the_second_something_was_compressed_in_may_differ_in_each_process():
    def name_of(body: bytes) -> str:
        # As pytest names a test after bytes that it is given.
        return f"test[{body.decode('ascii', 'backslashreplace').encode('unicode_escape').decode()}]"

    now, never = name_of(gzip.compress(b"text")), name_of(gzip.compress(b"text", mtime=0))
    assert by_chance([now, never]) == [now]
    assert by_chance([name_of(b"\0" + gzip.compress(b"text", mtime=1))]) != []
