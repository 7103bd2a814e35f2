"""Look-ups of names, of which each workspace has a share.

The system's resolver keeps a thread until it has answered, and cannot be told to give up. So names that are answered
late or never take threads of their own workspace alone, and the end of the process waits for none of them. A name that
somebody looks up is not looked up a second time meanwhile, nor in the next few seconds. What is found is not judged
here.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import NamedTuple

from horarium.domain.ids import Id
from horarium.domain.places import may_take
from horarium.unwaited import in_own_thread

# How many names are looked up at the same time, and how many of one workspace.
MOST = 128
MOST_OF_WORKSPACE = 16
# For how long what was found is used again (s), and of how many names it is kept.
REMEMBERED_S = 5.0
MOST_REMEMBERED = 10_000


class Name(NamedTuple):
    """What is looked up: addresses of a host, of one family or of all (0)."""

    host: str
    family: int


class Found(NamedTuple):
    """An address of a host: its family, and its IPv6 zone (0 for none)."""

    family: int
    address: str
    zone: int


_Answer = Sequence[Found]

_asking: ContextVar[Id | None] = ContextVar("looks_names_up", default=None)


def asking() -> Id | None:
    """The workspace for which names are looked up here. None: this server itself."""
    return _asking.get()


class asked_by:
    """A block in which libraries look up names for a workspace."""

    __slots__ = ("_token", "_workspace")

    def __init__(self, workspace_id: Id) -> None:
        self._workspace = workspace_id

    def __enter__(self) -> None:
        self._token = _asking.set(self._workspace)

    def __exit__(self, *_: object) -> None:
        _asking.reset(self._token)


class _LookUp:
    """A look-up that waits for a thread, or has one. `wanted`: how many wait for its answer."""

    __slots__ = ("answer", "name", "wanted", "workspace")

    def __init__(self, workspace: Id | None, name: Name) -> None:
        self.workspace, self.name, self.wanted = workspace, name, 0
        self.answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()


class LookUps:
    """`look_up` asks the system, in a thread; `now` is a clock in seconds."""

    def __init__(self, look_up: Callable[[Name], _Answer], now: Callable[[], float] = time.monotonic) -> None:
        self._look_up, self._now, self._closed = look_up, now, False
        self._waiting: dict[Id | None, dict[Name, _LookUp]] = {}
        self._under_way: dict[Name, _LookUp] = {}
        self._busy: Counter[Id | None] = Counter()
        self._known: dict[Name, tuple[float, _Answer]] = {}

    async def find(self, workspace: Id | None, name: Name) -> _Answer:
        """The addresses of a name, for a workspace. Raises OSError."""
        until, known = self._known.get(name, (0.0, ()))
        if known and self._now() < until:
            return known
        asked = self._under_way.get(name) or self._waiting.get(workspace, {}).get(name)
        if asked is None:
            if self._closed:
                raise RuntimeError("no name is looked up after the shutdown")
            asked = _LookUp(workspace, name)
            self._waiting.setdefault(workspace, {})[name] = asked
            self._begin()
        asked.wanted += 1
        try:
            await asyncio.wait([asked.answer])
        finally:
            asked.wanted -= 1
            if not asked.wanted:
                self._take(asked.workspace, asked)
        try:
            return asked.answer.result()
        finally:
            # An error leads to this frame, and the answer to the error: a ring, which would keep all that the callers
            # hold, such as the body of a request, until garbage is collected.
            del asked

    def _begin(self) -> None:
        """Begin what waits and has a thread, those workspaces first that have the fewest."""
        for workspace in sorted(self._waiting, key=lambda one: self._busy[one]):
            while self._has_thread(workspace):
                waiting = self._waiting.get(workspace, {}).values()
                asked = next((one for one in waiting if one.name not in self._under_way), None)
                if asked is None:
                    break
                self._take(workspace, asked)
                self._start(asked)

    def _has_thread(self, workspace: Id | None) -> bool:
        return may_take(self._busy[workspace], self._busy.total(), MOST, MOST_OF_WORKSPACE)

    def _take(self, workspace: Id | None, asked: _LookUp) -> None:
        """Take a look-up out of those that wait, if it does."""
        waiting = self._waiting.get(workspace, {})
        if waiting.get(asked.name) is asked:
            del waiting[asked.name]
            if not waiting:
                del self._waiting[workspace]

    def _start(self, asked: _LookUp) -> None:
        found: asyncio.Future[_Answer]
        try:
            found = in_own_thread(partial(self._look_up, asked.name), "horarium-resolve")
        except RuntimeError as error:  # the system has no more threads for this account
            found = asyncio.get_running_loop().create_future()
            found.set_exception(OSError(f"it could not be looked up: {error}"))
        self._busy[asked.workspace] += 1
        self._under_way[asked.name] = asked
        found.add_done_callback(partial(self._ended, asked))

    def _ended(self, asked: _LookUp, found: asyncio.Future[_Answer]) -> None:
        self._busy[asked.workspace] -= 1
        if not self._busy[asked.workspace]:
            del self._busy[asked.workspace]
        del self._under_way[asked.name]
        if not found.cancelled() and found.exception() is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[asked.name] = (self._now() + REMEMBERED_S, found.result())
        _tell(asked, found)
        for workspace, waiting in list(self._waiting.items()):
            same = waiting.get(asked.name)
            if same is not None:
                self._take(workspace, same)
                _tell(same, found)
        self._begin()

    async def close(self) -> None:
        """Gives up what waits for a thread, and leaves alone the names that are being looked up."""
        self._closed = True
        waiting = [asked for some in self._waiting.values() for asked in some.values()]
        self._waiting.clear()
        for asked in waiting:
            asked.answer.cancel()


def _tell(asked: _LookUp, found: asyncio.Future[_Answer]) -> None:
    if found.cancelled():
        asked.answer.cancel()
    elif (error := found.exception()) is not None:
        asked.answer.set_exception(error)
        asked.answer.exception()  # perhaps nobody waits for it any more
    else:
        asked.answer.set_result(found.result())
