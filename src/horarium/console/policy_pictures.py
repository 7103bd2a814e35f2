"""What overlap and catch-up policies do, each as a sentence and a small picture of slots and fires. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from horarium.domain.overlap import Overlap
from horarium.domain.schedule import CatchUp

# The picture is so many units wide. A slot comes every 40 units.
WIDTH = 160
SLOTS = (10, 50, 90, 130)


@dataclass(frozen=True, slots=True)
class Bar:
    """A fire: from where to where it runs, in which of two rows, and how it looks (`good`, `bad`, `busy`)."""

    start: int
    end: int
    row: int = 0
    tone: str = "good"


@dataclass(frozen=True, slots=True)
class Picture:
    """A policy: its value, what it does in words, the fires, the slots at which nothing fires, and when the
    server was down (None: it was not)."""

    value: str
    words: str
    bars: tuple[Bar, ...]
    crossed: tuple[int, ...] = ()
    down: tuple[int, int] | None = None


# The first fire lasts longer than the time until the next slot.
OVERLAPS = (
    Picture(
        Overlap.SKIP,
        "A slot does not fire while an earlier fire runs.",
        (Bar(10, 75), Bar(90, 115), Bar(130, 155)),
        (50,),
    ),
    Picture(
        Overlap.BUFFER_ONE,
        "One fire waits until the earlier one has ended; further ones are left out.",
        (Bar(10, 100), Bar(100, 125), Bar(130, 155)),
        (90,),
    ),
    Picture(
        Overlap.BUFFER_ALL,
        "All fires wait, and run one after another.",
        (Bar(10, 75), Bar(75, 100), Bar(100, 125), Bar(130, 155)),
    ),
    Picture(
        Overlap.CANCEL_OTHER,
        "The earlier fire is asked to stop, and the next begins when it has.",
        (Bar(10, 58, tone="bad"), Bar(58, 83), Bar(90, 115), Bar(130, 155)),
    ),
    Picture(
        Overlap.TERMINATE_OTHER,
        "The earlier fire is ended at once, and the next begins.",
        (Bar(10, 50, tone="bad"), Bar(50, 75), Bar(90, 115), Bar(130, 155)),
    ),
    Picture(
        Overlap.ALLOW,
        "Fires run side by side.",
        (Bar(10, 75), Bar(50, 80, row=1), Bar(90, 115), Bar(130, 155)),
    ),
)
# The server is down over the slots at 50 and 90.
CATCH_UPS = (
    Picture(
        CatchUp.LATEST,
        "The latest missed slot fires when the server is back, and says how many it stands for.",
        (Bar(10, 30), Bar(106, 126, tone="busy"), Bar(130, 150)),
        (50,),
        (35, 105),
    ),
    Picture(
        CatchUp.ALL,
        "Every missed slot fires when the server is back, as far as the overlap policy allows.",
        (Bar(10, 30), Bar(106, 116, tone="busy"), Bar(117, 127, tone="busy"), Bar(130, 150)),
        (),
        (35, 105),
    ),
    Picture(
        CatchUp.NONE,
        "No missed slot fires; they stand in the ledger as missed.",
        (Bar(10, 30), Bar(130, 150)),
        (50, 90),
        (35, 105),
    ),
)
# The same of the slots of a pause, in the order in which a form offers them.
AFTER_PAUSES = tuple(
    replace(picture, words=words)
    for picture, words in (
        (CATCH_UPS[2], "The slots of the pause do not fire; they stand in the ledger as paused."),
        (CATCH_UPS[0], "The latest slot of the pause fires at its end, and says how many it stands for."),
        (CATCH_UPS[1], "Every slot of the pause fires at its end, as far as the overlap policy allows."),
    )
)
# And of the slots of a maintenance window.
AFTER_WINDOWS = tuple(
    replace(picture, words=words)
    for picture, words in (
        (CATCH_UPS[2], "The slots in the window do not fire; they stand in the ledger as maintenance."),
        (CATCH_UPS[0], "The latest slot in the window fires at its end, and says how many it stands for."),
        (CATCH_UPS[1], "Every slot in the window fires at its end, as far as the overlap policy allows."),
    )
)
