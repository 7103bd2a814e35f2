"""What `horarium serve` says where it cannot start: one plain line and an exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import horarium


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--data", "/proc/nope"), ("the data folder /proc/nope cannot be used", "--data")),
        (("--data", "{here}/afile"), ("the data folder {here}/afile cannot be used", "is not a folder")),
        (
            ("--data", "{here}/afile/below"),
            ("the data folder {here}/afile/below cannot be used", "is not a folder"),
        ),
        (
            ("--data", "{here}/data", "--database", "sqlite:///{here}/nodir/x.db"),
            ("the database file {here}/nodir/x.db cannot be opened", "its folder must exist"),
        ),
        (
            ("--data", "{here}/data", "--database", "sqlite:///{here}"),
            ("the database file {here} cannot be opened",),
        ),
        (
            ("--data", "{here}/data", "--database", "postgresql://user:hidden@127.0.0.1:1/x"),
            ("the database at 127.0.0.1:1 cannot be reached",),
        ),
    ],
)
def test_what_cannot_be_opened_is_told_in_one_line(
    tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "afile").touch()
    given = [option.format(here=tmp_path) for option in options]
    found = horarium("serve", "--port", "0", *given, HORARIUM_SECRET_KEY="A" * 43 + "=")
    assert found.returncode == 1
    assert found.stderr.startswith("horarium: ")
    assert found.stderr.count("\n") == 1
    assert "hidden" not in found.stderr
    for text in words:
        assert text.format(here=tmp_path) in found.stderr


def test_a_bad_secret_key_is_told_by_its_setting_before_anything_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    found = horarium("serve", "--port", "0", "--data", str(data), HORARIUM_SECRET_KEY="abc")
    assert found.returncode == 2
    assert found.stderr.startswith("horarium: secret_key: the key is not the base64 of 32 bytes")
    assert "HORARIUM_SECRET_KEY" in found.stderr
    assert not data.exists()


def test_an_unknown_variable_is_told_with_the_nearest_setting(tmp_path: Path) -> None:
    found = horarium("serve", "--data", str(tmp_path / "data"), HORARIUM_PROT="1")
    assert found.returncode == 2
    assert found.stderr == (
        "horarium: HORARIUM_PROT: no such setting (environment); did you mean HORARIUM_PORT?\n"
    )
