"""What each executor sends, makes of each answer, and says of each wrong configuration.

Every type of executor and every field of its configuration is in the walk: one without an entry fails it.
`python -m tests.executors.sent` writes the page anew.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from horarium import executors
from tests.executors import (
    sent_configs,
    sent_engines,
    sent_events,
    sent_http,
    sent_llm,
    sent_programs,
    sent_sql,
)
from tests.executors.sent_world import world
from tests.support.bounds_told import tell_bounds

PAGE = Path(__file__).with_name("sent.txt")


async def walked() -> tuple[str, list[str]]:
    """The page, and what is missing in the walk."""
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as made:
            for some in (sent_http, sent_events, sent_programs, sent_sql, sent_llm, sent_engines):
                await some.chapters(made)
            left_out = await sent_configs.chapters(made)
            tell_bounds(made.page, executors)
            return made.page.text(), left_out


def main() -> None:
    PAGE.write_text(asyncio.run(walked())[0], "utf-8")


if __name__ == "__main__":
    main()
