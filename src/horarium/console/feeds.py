"""What several pages follow at the same time is read once: a feed has one reader, however many follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from horarium.domain.errors import HorariumError, RateLimited
from horarium.service.events import Place

# News that wait for one follower. One that is further behind is told only that it has missed some.
WAITING = 8


@dataclass(frozen=True, slots=True)
class News:
    """Something that a reader has found. `what` is None for a sign of life, and for what a slow follower has missed,
    which `missed` tells apart."""

    what: Any = None
    missed: bool = False


_MISSED = News(missed=True)


@dataclass(slots=True, eq=False)
class _Follower:
    """Who follows a feed. None in the queue is the end."""

    queue: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def tell(self, news: News | None) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(_MISSED)
        self.queue.put_nowait(news)


@dataclass(slots=True)
class _Feed:
    followers: set[_Follower] = field(default_factory=set)
    reader: asyncio.Task[None] | None = None


class Feeds:
    """All feeds of this process. `most` is how many may follow the feeds of one workspace at the same time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.following: dict[Hashable, int] = {}
        self._feeds: dict[Hashable, _Feed] = {}

    def follow(
        self, workspace: Hashable, topic: Hashable, read: Callable[[], AsyncGenerator[Any]]
    ) -> AsyncGenerator[News]:
        """What a reader finds from now on. The first who follows a topic starts its reader, and the last who goes
        stops it. It ends when the reader does. Raises RateLimited at once where as many follow as may."""
        if self.following.get(workspace, 0) >= self.most:
            words = f"{self.most} pages of this workspace follow this server, and no more may"
            raise RateLimited(words, 10_000)
        place = (workspace, topic)
        feed = self._feeds.setdefault(place, _Feed())
        follower = _Follower()
        feed.followers.add(follower)
        self.following[workspace] = self.following.get(workspace, 0) + 1
        if feed.reader is None:
            feed.reader = asyncio.create_task(self._read(place, feed, read))

        def left() -> None:
            feed.followers.discard(follower)
            self.following[workspace] -= 1
            if not self.following[workspace]:
                del self.following[workspace]
            if not feed.followers:
                self._forget(place, feed)
                if feed.reader is not None:
                    feed.reader.cancel()

        return _news(follower, Place(left))

    async def _read(self, place: Hashable, feed: _Feed, read: Callable[[], AsyncGenerator[Any]]) -> None:
        try:
            async with aclosing(read()) as found:
                async for what in found:
                    for follower in feed.followers:
                        follower.tell(News(what))
        except HorariumError:  # the database is away, or what was followed: browsers ask again after a while
            pass
        finally:
            self._forget(place, feed)
            for follower in feed.followers:
                follower.tell(None)

    def _forget(self, place: Hashable, feed: _Feed) -> None:
        """Whoever follows from now on starts another reader."""
        if self._feeds.get(place) is feed:
            del self._feeds[place]


async def _news(follower: _Follower, place: Place) -> AsyncGenerator[News]:
    with place:
        while (news := await follower.queue.get()) is not None:
            yield news
