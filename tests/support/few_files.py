"""This process with hardly any files left that it may open.

with room_for(3):
    ...  # the fourth is refused
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


@contextmanager
def room_for(files: int) -> Iterator[None]:
    """Exactly so many files can be opened in the block. The system goes by their numbers, of which the lowest that is
    free is given."""
    free = (number for number in count() if not _is_open(number))
    limit = next(number for place, number in enumerate(free) if place == files)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
