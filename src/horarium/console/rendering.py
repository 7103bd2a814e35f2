"""Templates, and the files that pages load. All of them are in this package, and pages load nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from horarium.api.web import CONTENT_POLICY, Answer
from horarium.console import words
from horarium.domain.ids import prefixed
from horarium.domain.labels import label_text

# Where the console is served.
BASE = "/console"
HTML = b"text/html; charset=utf-8"
# A page loads the files of this server only, runs no script and uses no style that stands in it, and sends its forms
# here. The referrer is kept within the server: without one, browsers would not tell where a form comes from.
STRICT: tuple[tuple[bytes, bytes], ...] = (
    (
        CONTENT_POLICY,
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"same-origin"),
)
HEADERS = (*STRICT, (b"cache-control", b"no-store"))
_TYPES = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
_ID_PREFIXES = ("sch", "fire", "run", "tgt", "prn", "key", "ws", "evt", "hook", "act", "pau", "win")


@dataclass(frozen=True, slots=True)
class File:
    """A file that pages load: its bytes, their type, and a name for exactly these bytes."""

    content: bytes
    content_type: bytes
    version: str


def load_files() -> dict[str, File]:
    """All files that pages load, by name."""
    found = {}
    for entry in files("horarium.console").joinpath("static").iterdir():
        kind = entry.name.rpartition(".")[2]
        if kind in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = File(content, _TYPES[kind], sha256(content).hexdigest()[:12])
    return found


def path_to(*parts: str, **query: str | int | None) -> str:
    """The path of a page of the console, with those parameters that have a value."""
    path = "/".join((BASE, *parts)) if parts else f"{BASE}/"
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def make_templates(static: dict[str, File]) -> Environment:
    """The templates. Every text in them is escaped; an unknown name in one is an error."""
    found = Environment(
        loader=PackageLoader("horarium.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for function in (
        words.pill,
        words.name,
        words.moment,
        words.utc,
        words.ago,
        words.rough,
        words.lasting,
        words.number,
        words.local,
        words.value,
        words.in_words,
        words.rhythm,
        words.written,
        words.shortened,
        words.tone,
        words.lateness,
    ):
        found.filters[function.__name__] = function
    for prefix in _ID_PREFIXES:
        found.filters[prefix] = partial(prefixed, prefix)
    found.globals["path_to"] = path_to
    found.globals["label_text"] = label_text
    found.globals["file"] = lambda name: path_to("static", name, v=static[name].version)
    return found


def html_answer(status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> Answer:
    """A page."""
    return Answer(status, text.encode("utf-8", "replace"), HTML, [*HEADERS, *(headers or [])])


def redirect(path: str, headers: list[tuple[bytes, bytes]] | None = None) -> Answer:
    """Send the browser on to another page of the console, with GET."""
    location = (b"location", path.encode("ascii", "replace"))
    return Answer(303, b"", HTML, [*HEADERS, location, *(headers or [])])


def render(templates: Environment, template: str, values: dict[str, Any]) -> str:
    """A template with its values."""
    return templates.get_template(template).render(values)
