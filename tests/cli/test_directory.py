"""The directory from the command line, against a server that runs."""

import pytest

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
