"""JSON in the options of commands, and in the files that they name, is sent as it is written or refused."""

from pathlib import Path

import pytest

from horarium.cli.client import from_json
from horarium.cli.failure import Failure


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file_may_be_written_by_any_editor(tmp_path: Path, mark: bytes, end: bytes) -> None:
    file = tmp_path / "input.json"
    file.write_bytes(mark + '{"a": "é",'.encode() + end + b'"b": -0.0}' + end)
    assert str(from_json(f"@{file}", "--input")) == str({"a": "é", "b": -0.0})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 2}', "--input: a: is given more than once in the same object"),
        ('{"a": [{"b": 123456789012345678901}]}', "--input: a.0.b: must be a whole number from"),
        ('{"a": 1e999}', "--input is not valid JSON"),
        ('{"a": NaN}', "--input is not valid JSON"),
        ('{"a": "\\ud800"}', "--input is not valid JSON"),
        ('{"a": "\ud800"}', "--input is not valid JSON"),
        ("", "--input is not valid JSON"),
    ],
)
def test_what_could_not_be_sent_as_it_is_written_is_refused_with_its_option(text: str, words: str) -> None:
    with pytest.raises(Failure, match=f"^{words}"):
        from_json(text, "--input")
