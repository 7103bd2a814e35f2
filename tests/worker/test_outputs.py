"""What is stored of an output."""

import orjson
import pytest

from horarium.domain.json_text import DEEPEST
from horarium.worker.outputs import stored_output


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        (None, None),
        ([1, 2], "[1,2]"),
        ([1, 2, 34], "[1,2,34]"),
        ([1, 2, 3, 4, 5], '"[1,2,3,4"'),
        ("a long text", '"a long t"'),
        ("ééééé", '"éééé"'),
    ],
)
def test_an_output_beyond_the_quota_is_stored_as_the_beginning_of_a_text(output, kept):
    assert stored_output(output, 8) == kept


def nested(levels, inner=1):
    for level in range(levels):
        inner = {"in": inner} if level % 2 else [inner]
    return inner


@pytest.mark.parametrize(("levels", "is_kept"), [(DEEPEST, True), (DEEPEST + 1, False), (240, False)])
def test_an_output_that_is_too_deep_to_be_shown_within_an_answer_is_stored_as_the_text_of_it(levels, is_kept):
    output = nested(levels)
    text = orjson.dumps(output).decode()
    stored = stored_output(output, 10_000)
    assert stored == (text if is_kept else orjson.dumps(text).decode())
    assert orjson.loads(orjson.dumps({"items": [{"run": {"output": orjson.Fragment(stored)}}]}))


def test_an_output_with_many_lists_beside_each_other_is_not_too_deep():
    output = [[number] for number in range(DEEPEST + 2)]
    assert stored_output(output, 10_000) == orjson.dumps(output).decode()
