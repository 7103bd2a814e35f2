"""What every executor sends, makes of answers and says stands in `sent.txt`, so that whatever changes there is seen
and meant."""

from __future__ import annotations

from tests.executors import sent
from tests.support.kept_page import differing


async def test_every_executor_sends_and_says_what_the_kept_page_tells() -> None:
    said, left_out = await sent.walked()
    assert left_out == [], "give these fields values in tests/executors/sent_*.py"
    wrong = differing(sent.PAGE, said)
    assert wrong is None, wrong
