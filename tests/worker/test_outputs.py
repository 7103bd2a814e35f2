"""What is stored of an output."""

import pytest

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
