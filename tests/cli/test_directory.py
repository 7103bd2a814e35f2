"""The directory from the command line, against a server that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.printing import printed
from tests.cli.running import horarium, server


@pytest.fixture(scope="module")
def speak(tmp_path_factory):
    data = tmp_path_factory.mktemp("directory") / "data"
    with server(data) as url:

        def run(*arguments, code=0):
            done = horarium("directory", *arguments, "--url", url, "--data", str(data))
            assert done.returncode == code, done.stdout + done.stderr
            return done

        yield run


def test_a_file_is_imported_listed_shown_and_deleted(speak, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(
        "id,type,email,plan\n" + "".join(f"c{n},lead,p{n}@example.com,gold\n" for n in range(1_500))
    )
    assert "1500 contacts stored" in speak("import", "contacts", str(file)).stdout
    assert "p3@example.com" in speak("list", "contacts", "--limit", "2000").stdout
    assert "gold" in speak("show", "contacts", "c7", "--json").stdout
    speak("delete", "contacts", "c7")
    assert "not found" in speak("show", "contacts", "c7", code=1).stderr


def test_refused_lines_are_told_by_number(speak, tmp_path):
    file = tmp_path / "users.ndjson"
    file.write_text('{"id": "u1"}\n{"email": "x@example.com"}\nnonsense\n')
    said = speak("import", "users", str(file), code=1).stderr
    assert "line 2: id" in said
    assert "line 3:" in said
    assert "lines 1 to 3 were not stored" in said


def test_a_file_that_is_not_there_is_told(speak, tmp_path):
    assert "cannot read" in speak("import", "users", str(tmp_path / "none.csv"), code=2).stderr


def imported(file: Path, report: dict[str, Any], status: int = 200) -> tuple[str, str, object, httpx.Request]:
    """What an import of a file prints where the server answers so, its exit code, and what the server was sent."""
    sent = list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status, json=report)

    words = ["directory", "import", "users", str(file), "--key", "hor_x"]
    out, err, code = printed(words, answer)
    assert len(sent) == 1
    return out, err, code, sent[0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("A.CSV", "text/csv"),
        ("a.ndjson", "application/x-ndjson"),
        ("a.Jsonl", "application/x-ndjson"),
        ("a.json", "application/octet-stream"),
        ("csv", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_as_what_its_name_says_with_ten_minutes_for_each_piece(
    tmp_path: Path, name: str, kind: str
) -> None:
    file = tmp_path / name
    file.write_text("id\na\n")
    out, err, code, request = imported(file, {"stored": 1})
    assert (out, err, code) == ("1 users stored\n", "", 0)
    assert (request.headers["content-type"], request.headers["content-length"]) == (kind, "5")
    assert set(request.extensions["timeout"].values()) == {600}


@pytest.mark.parametrize(
    ("refused", "last"), [(19, None), (20, None), (21, "and 1 more"), (22, "and 2 more")]
)
def test_the_first_refused_lines_are_told_and_how_many_there_are_besides(
    tmp_path: Path, refused: int, last: str | None
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id\n")
    errors = [{"line": number, "field": "id", "message": "is wrong"} for number in range(refused)]
    _, err, code, _ = imported(file, {"detail": "refused", "errors": errors}, 400)
    told = [line.strip() for line in err.splitlines()]
    assert code == 1
    assert sum("is wrong" in line for line in told) == min(refused, 20)
    assert [line for line in told if line.startswith("and ")] == [last] * (last is not None)


@pytest.mark.parametrize("field", ["full_name", "name", "title"])
def test_an_item_is_listed_by_the_name_that_its_kind_has(field: str) -> None:
    body = {"items": [{"id": "i1", field: "Ann", "email": "", "status": None}], "next_cursor": None}
    words = ["directory", "list", "tasks", "--key", "hor_x"]
    out, _, code = printed(words, lambda _: httpx.Response(200, json=body))
    assert (code, out.splitlines()[1].split()) == (0, ["i1", "Ann"])
    out, _, _ = printed([*words, "--json"], lambda _: httpx.Response(200, json=body))
    assert json.loads(out) == body["items"]


def test_what_is_wrong_with_a_whole_file_is_said_once(speak, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("mail,name\na@example.com,Ann\n")
    said = speak("import", "contacts", str(file), code=1).stderr
    assert said == "horarium: id: is required: CSV begins with a line of names, among them id\n"
