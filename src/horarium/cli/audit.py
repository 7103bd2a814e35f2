"""`horarium audit ...`"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, up_to
from horarium.cli.failure import MISUSED, Failure
from horarium.cli.output import Column, at, show_list, show_one, write_lines

if TYPE_CHECKING:
    from horarium.domain.audit import Verifier

audit = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("AT", at("at")),
    ("ACTION", "action"),
    ("SUBJECT", "subject"),
    ("BY", lambda entry: entry["by"]["principal"] or "the server"),
    ("FROM", lambda entry: entry["by"]["address"]),
    ("AFTER", "after"),
)
Since = Annotated[str | None, typer.Option(help="Only what was done at or after this RFC 3339 instant.")]
Until = Annotated[str | None, typer.Option(help="Only what was done before this instant.")]
# How many problems are printed.
SHOWN_PROBLEMS = 20


@audit.command("list")
def list_entries(
    action: Annotated[
        str | None, typer.Option(help="An action such as key.created, or all of one kind: key.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Id of what was changed.")] = None,
    principal: Annotated[str | None, typer.Option(help="Id of who did it.")] = None,
    request: Annotated[str | None, typer.Option(help="X-Request-Id of the request.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List what was changed, newest first."""
    found = up_to(
        limit,
        connect(url, key, data).audit.list_all,
        action=action,
        subject=subject,
        principal=principal,
        request=request,
        since=since,
        until=until,
    )
    show_list(found, COLUMNS, as_json)


@audit.command("export")
def export(
    since: Since = None,
    until: Until = None,
    proof: Annotated[
        bool, typer.Option(help="With the hashes, for `horarium audit verify --file`; the whole log.")
    ] = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Print the whole log as NDJSON, oldest first."""
    query = {"since": since, "until": until, "proof": proof or None}
    write_lines(connect(url, key, data).stream("/audit/export", query=query))


@audit.command("verify")
def verify(
    noted: Annotated[
        list[str] | None,
        typer.Option(
            help="NUMBER:HASH that an earlier run has printed; repeatable. Only this shows that the whole log was made "
            "anew, or that its end was cut off."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Verify what `horarium audit export --proof` has written.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Verify that nothing in the log was changed, removed or inserted. Ends with status 1 if something was."""
    expected = _noted(noted or [])
    if file is not None:
        try:
            with file.open("rb") as lines:
                verifier = _verified(lines, expected)
        except OSError as error:
            raise Failure(f"cannot read {file}: {error.strerror}", MISUSED) from None
    else:
        verifier = _verified(connect(url, key, data).stream("/audit/export", query={"proof": True}), expected)
    found = {
        "verified": not verifier.problems,
        "links": verifier.links,
        "entries": verifier.entries,
        "erased": verifier.erased,
        "begins_after": verifier.anchor.number,
        "note": f"{verifier.number}:{verifier.hash.hex()}",
        "problems": verifier.problems[:SHOWN_PROBLEMS],
    }
    show_one(found, as_json)
    if verifier.problems:
        count = len(verifier.problems)
        words = "1 problem was" if count == 1 else f"{count} problems were"
        raise Failure(f"the audit log does not verify: {words} found")


@audit.command("erase")
def erase(
    principal: Annotated[str, typer.Argument(help="Id of a principal.")],
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Erase for ever what the log says about a principal. The log still verifies, and tells of the erasure."""
    show_one(connect(url, key, data).audit.erase({"principal": principal}), as_json)


def _noted(texts: Iterable[str]) -> dict[int, bytes]:
    found = {}
    for text in texts:
        number, _, digest = text.partition(":")
        try:
            found[int(number)] = bytes.fromhex(digest)
        except ValueError:
            raise Failure(
                f"--noted {text!r} is not NUMBER:HASH, as `horarium audit verify` prints it", MISUSED
            ) from None
    return found


_EXPORT = "it must be what `horarium audit export --proof` writes"


def _verified(lines: Iterable[bytes], expected: dict[int, bytes]) -> Verifier:
    """The verifier after it has read an export. Raises Failure for what is not one."""
    from horarium.domain.audit import Anchor, Verifier

    at = 0

    def read() -> Iterator[dict[str, Any]]:
        nonlocal at
        for line in lines:
            at += 1
            yield json.loads(line)

    links = read()
    try:
        head = next(links)
        anchor = Anchor(head["anchor"]["number"], bytes.fromhex(head["anchor"]["hash"]))
        last = head["last"]["number"]
        verifier = Verifier(bytes.fromhex(head["workspace"]), anchor, expected)
        _add_all(verifier, links)
        verifier.finish(last)
    except StopIteration:
        raise Failure(f"the export is empty; {_EXPORT}") from None
    except json.JSONDecodeError:
        raise Failure(f"line {at} is not JSON; {_EXPORT}") from None
    except KeyError as error:
        raise Failure(f"line {at} has no {error}; {_EXPORT}") from None
    except (ValueError, TypeError) as error:
        raise Failure(f"line {at} cannot be read ({error}); {_EXPORT}") from None
    return verifier


def _add_all(verifier: Verifier, links: Iterator[dict[str, Any]]) -> None:
    from horarium.domain.audit import Link, LinkedEntry

    for given in links:
        link = Link(
            given["number"],
            bytes.fromhex(given["digests"]),
            bytes.fromhex(given["hash"]),
            given["linked_ms"],
        )
        entries = []
        for an_id, action, subject, principal, salt, content, erased_by in given["entries"]:
            ids = [None if text is None else bytes.fromhex(text) for text in (principal, salt, erased_by)]
            entries.append(
                LinkedEntry(bytes.fromhex(an_id), action, subject, ids[0], ids[1], content, ids[2])
            )
        verifier.add(link, entries)
