"""A page of the console as lines that people can read: its text in reading order, with what can be done there.

`[text -> path]` is a link, `(text)` a button, `<...>` a field, a bar or a picture. What only concerns the layout is
left out, so a page whose looks change reads as before. Of classes those are shown that say a state.
"""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser
from typing import NamedTuple

Attributes = dict[str, str | None]

# Classes that say a state, an outcome or how grave a button is; all others are about the layout.
STATES = {
    "good", "bad", "mixed", "busy", "calm", "danger", "main", "done", "today", "coming", "wrong", "down", "cross",
    "alone", "held", "empty", "notice", "banner", "was", "is", "shift",
}  # fmt: skip
# Attributes that are shown as they are, wherever they stand.
SHOWN = {
    "accept", "aria-current", "aria-describedby", "aria-invalid", "aria-label", "checked", "disabled",
    "hidden", "high", "inputmode", "list", "max", "maxlength", "min", "open", "placeholder", "required", "selected",
    "title", "value",
}  # fmt: skip
# Roles that make a browser read something out.
SPOKEN = {"alert", "status"}
# Attributes that name other elements of the page: they are shown where there is no such element.
NAMING = {"for", "aria-labelledby", "aria-describedby", "list"}
BLOCKS = {
    "caption", "details", "div", "dl", "fieldset", "form", "h1", "h2", "h3", "header", "html", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "title", "tr", "ul",
}  # fmt: skip
MOST_OPTIONS = 24
# What somebody who points at a text reads is mostly that text.
_TITLED = re.compile(r"\{title=([^}]*)\} \1")
_BEFORE = {"li": "- ", "h1": "= ", "h2": "== ", "h3": "=== "}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Page(NamedTuple):
    """The title of a page, what stands around all pages, and what is of this one."""

    title: str
    frame: list[str]
    main: list[str]


def read(html: str) -> Page:
    """A page, or a piece of one (then it has neither a title nor a frame)."""
    frame, main, own = html.partition("<main")
    if not main:
        return Page("", [], _lines(html, html))
    title, *around = _lines(frame, html)
    return Page(title, around, _lines(main + own, html))


def _lines(html: str, whole: str) -> list[str]:
    reader = _Reader(whole)
    reader.feed(html)
    reader.close()
    reader.end_line()
    return [*reader.lines, *reader.rest()]


class _Reader(HTMLParser):
    def __init__(self, whole: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line, self._whole = "", whole
        self._texts: list[str] = []  # of what encloses text and is shown behind it: links and buttons
        self._choice: list[str] | None = None  # the options of a list that stands open
        self._picture: list[str] | None = None  # the shapes of a picture that stands open
        self._hidden_text: str | None = None  # of an option, a text area, or the title of a shape
        self._time = ""

    def end_line(self) -> None:
        text = " ".join(self._line.split())
        if re.fullmatch(r"[-=]*|(?:\{[^}]*\} ?)+", text):  # a name that belongs to what follows
            self._line = f"{text} " if text else ""
            return
        if text:
            self.lines.append(_TITLED.sub(r'"\1"', text))
        self._line = ""

    def rest(self) -> list[str]:
        """What stands at the end without a text behind it."""
        return [self._line.strip()] if self._line.strip() else []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: Attributes = dict(attrs)
        if tag in ("html", "meta", "link", "script", "bdi"):
            return
        if tag in BLOCKS:
            self.end_line()
        if tag == "svg":
            self._picture = []
            self._texts.append(f"<picture {given.get('viewbox') or ''}{self._said(given)}:")
        elif self._picture is not None:
            self._shape(tag, given)
        elif tag in ("select", "datalist"):
            self._choice = []
            name = given.get("name") or given.get("id") or ""
            self._texts.append(f"<{tag} {name}{self._said(given)}:")
        elif tag == "option":
            self._hidden_text = ""
            value = f" ={given['value']}" if "value" in given else ""
            self._texts.append(value + (" (chosen)" if "selected" in given else ""))
        elif tag == "textarea":
            self._hidden_text = ""
            self._texts.append(f"<text {given.get('name')}{self._said(given)}:")
        elif tag == "input":
            self._field(given)
        elif tag in ("a", "button"):
            self._line += " [" if tag == "a" else " ("
            self._texts.append(self._behind(tag, given))
        elif tag == "form":
            self._line += f"form {given.get('method') or 'get'} {given.get('action')}{self._said(given)}"
            self.end_line()
        elif tag in ("progress", "meter"):
            self._line += f" <{tag}{self._said(given)}>"
        else:
            self._plain(tag, given)

    def _plain(self, tag: str, given: Attributes) -> None:
        if tag in ("td", "th") and self._line.strip():
            self._line += " | "
        if tag == "dd":
            self._line += ": "
        if tag == "dt" and self._line.strip():
            self._line += " · "
        if tag == "br":
            self._line += " / "
        self._line += _BEFORE.get(tag, "")
        if tag == "time":
            self._time = given.pop("datetime", None) or ""
            if given.get("title") == self._time:
                del given["title"]
        if said := self._said(given).strip():
            self._line += f" {{{said}}} "

    def _shape(self, tag: str, given: Attributes) -> None:
        assert self._picture is not None
        if tag == "title":
            self._hidden_text = ""
        else:
            measures = {name: value for name, value in given.items() if name not in ("class", "rx")}
            sizes = " ".join(str(value) for value in measures.values())
            self._picture.append(f"{tag}{self._said({'class': given.get('class')})} {sizes}")

    def _field(self, given: Attributes) -> None:
        kind, name = given.get("type") or "text", given.get("name")
        if name == "csrf":
            self._line += " <csrf>" if given.get("value") else " <csrf: EMPTY>"
        else:
            value = f"={given.pop('value')}" if "value" in given else ""
            self._line += f" <{kind} {name or ''}{value}{self._said(given)}>"

    def _behind(self, tag: str, given: Attributes) -> str:
        if tag == "a":
            return (
                f" -> {(given.pop('href', None) or 'NOWHERE').removeprefix('/console')}{self._said(given)}]"
            )
        value = f" {given['name']}={given.pop('value', '')}" if "name" in given else ""
        return f"{value}{self._said(given)})"

    def _said(self, given: Attributes) -> str:
        """The attributes that say something."""
        found = [f".{word}" for word in (given.get("class") or "").split() if word in STATES]
        for name, value in given.items():
            if name in NAMING:
                missing = [each for each in (value or "").split() if f'id="{each}"' not in self._whole]
                found += [f"{name}={each} (MISSING)" for each in missing]
            if (name in SHOWN or name.startswith("data-")) and value not in (None, ""):
                found.append(f"{name}={value}")
            elif name in SHOWN or name.startswith("data-"):
                found.append(name)
            elif name == "role" and value in SPOKEN:
                found.append(str(value))
        return "".join(f" {each}" for each in found)

    def handle_data(self, data: str) -> None:
        if self._hidden_text is not None:
            self._hidden_text += data
        elif self._picture is None and self._choice is None:
            if self._time and data.strip():
                data += "" if data == _moment(self._time, data) else f"@{self._time}"
                self._time = ""
            self._line += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "option" and self._choice is not None:
            self._choice.append(" ".join((self._hidden_text or "").split()) + self._texts.pop())
            self._hidden_text = None
        elif tag in ("select", "datalist") and self._choice is not None:
            self._line += f" {self._texts.pop()} {' · '.join(_few(self._choice))}>"
            self._choice = None
        elif tag == "textarea":
            self._line += f" {self._texts.pop()} {(self._hidden_text or '')!r}>"
            self._hidden_text = None
        elif tag == "title" and self._picture is not None:
            self._picture[-1] += f' "{self._hidden_text}"'
            self._hidden_text = None
        elif tag == "svg" and self._picture is not None:
            self._line += f" {self._texts.pop()} {', '.join(self._picture)}>"
            self._picture = None
        elif tag in ("a", "button"):
            self._line = self._line.rstrip() + self._texts.pop()
        elif tag in BLOCKS:
            self.end_line()


def _few(options: list[str]) -> list[str]:
    """The options of a list; of a long one, how many there are, the first, those that are chosen, and the last."""
    if len(options) <= MOST_OPTIONS:
        return options
    chosen = [each for each in options if each.endswith("(chosen)")]
    return [f"{len(options)} options", options[0], *chosen, options[-1]]


def _moment(at: str, shown: str) -> str:
    """An instant as pages write it, with seconds if `shown` has them."""
    found = datetime.fromisoformat(at)
    clock = f"{found:%H:%M:%S}" if shown.count(":") == 2 else f"{found:%H:%M}"
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}, {clock} UTC"
