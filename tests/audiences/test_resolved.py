"""What every source of audiences asks, and which rows come of it, stands in `resolved.txt`, so that whatever changes
there is seen and meant."""

from __future__ import annotations

from tests.audiences import resolved
from tests.support.kept_page import differing


async def test_every_audience_is_asked_for_and_resolved_as_the_kept_page_tells() -> None:
    said, left_out = await resolved.walked()
    assert left_out == [], "give these values in tests/audiences/resolved*.py"
    wrong = differing(resolved.PAGE, said)
    assert wrong is None, wrong
