"""The Python client as commands use it: what goes wrong is a Failure, a sentence that says what to do."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx
from horarium_client import EventForgotten, Horarium, HorariumError, NotReached

from horarium.cli.failure import MISUSED, Failure

# How often a request is tried that may be repeated: a server that starts anew is waited for, and nobody waits long for
# one that is not there.
ATTEMPTS = 3


def _not_ours(url: str, why: str) -> Failure:
    return Failure(f"what answers at {url} is not a Horarium server: its answer {why}; see --url")


class _Answer(dict[str, Any]):
    """An object of an answer. Raises Failure where a member is asked for that our server would have sent."""

    def __init__(self, members: dict[str, Any], url: str) -> None:
        self._url = url
        super().__init__({name: _answer(value, url) for name, value in members.items()})

    def __missing__(self, name: str) -> Any:
        raise _not_ours(self._url, f"has no {name}")


def _answer(value: Any, url: str) -> Any:
    if isinstance(value, list):
        return [_answer(each, url) for each in value]
    return _Answer(value, url) if isinstance(value, dict) else value


class _Reading(Horarium):
    """A client that tells where something else answers than a server of ours."""

    url: str

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self._read(super().call, args, kwargs)

    def _read(self, send: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The value of an answer. Raises Failure for one that is no JSON, such as the page of a proxy at which people
        sign in."""
        try:
            found = send(*args, **kwargs)
        except ValueError:
            found = ""
        if isinstance(found, str):
            raise _not_ours(self.url, "is no JSON")
        return _answer(found, self.url)


class Connection(_Reading):
    """A client of one server with one key. Everything that it does raises Failure and nothing else."""

    def __init__(self, url: str, key: str, seconds: float) -> None:
        self.url, self.key, self.seconds = url.rstrip("/"), key, seconds
        try:
            super().__init__(url, key, **self._ways())
        except (httpx.InvalidURL, ValueError) as error:
            raise Failure(f"cannot use --url {url} with this key: {error}", MISUSED) from None

    def _ways(self) -> dict[str, Any]:
        # With a transport of its own it asks no proxy, and certificates are those that the system trusts.
        verify = ssl.create_default_context() if self.url.lower().startswith("https:") else False
        return {
            "attempts": ATTEMPTS,
            "timeout": self.seconds,
            "workspace": os.environ.get("HORARIUM_WORKSPACE") or None,
            "transport": httpx.HTTPTransport(verify=verify),
        }

    def call(self, *args: Any, **kwargs: Any) -> Any:
        with self._told():
            return super().call(*args, **kwargs)

    def stream(self, *args: Any, **kwargs: Any) -> Generator[bytes, None, None]:
        """The lines of an export, each of which is an object."""
        count = 0
        with self._told():
            try:
                for line in super().stream(*args, **kwargs):
                    if not line.startswith(b"{"):
                        raise _not_ours(self.url, "is no JSON")
                    yield line
                    count += 1
            except NotReached as error:
                if not count:
                    raise
                words = f"the answer of {self.url} broke off after {count} lines ({error.__cause__}): it is not whole"
                raise Failure(f"{words}, ask again") from None

    def follow(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        # By a client that raises its own errors, since these decide whether the stream is opened again.
        with self._told(), _Reading(self.url, self.key, **self._ways()) as plain:
            plain.url = self.url
            yield from plain.follow(*args, **kwargs)

    def send_file(
        self,
        method: str,
        template: str,
        segments: tuple[object, ...],
        content: Iterable[bytes],
        content_type: str,
        length: int,
    ) -> tuple[int, dict[str, Any]]:
        """Send a file piece by piece; the status and the JSON of the answer, also where it is refused."""
        try:
            file = method, template, segments, content, content_type, length
            return 200, self._read(self.call_file, file, {})
        except NotReached as error:
            raise Failure(f"cannot reach {self.url}: {error.__cause__}") from None
        except HorariumError as error:
            refused = error.problem or {"detail": f"the server answered {error.status}", "errors": []}
            return error.status or 0, dict(refused)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except NotReached as error:
            words = f"cannot reach {self.url}: {error.__cause__}; start a server with `horarium serve`, or give --url"
            raise Failure(words) from None
        except EventForgotten as error:
            words = f"{error}. `horarium events list` shows what is kept: follow from one of these, or from now on"
            raise Failure(words) from None
        except HorariumError as error:
            raise Failure(sentence(error)) from None


def sentence(error: HorariumError) -> str:
    """What the server says is wrong."""
    detail = error.problem.get("detail")
    if detail is not None:
        return str(detail)
    try:
        words = HTTPStatus(error.status or 0).phrase
    except ValueError:
        words = ""
    return f"the server answered {error.status} {words}".rstrip()
