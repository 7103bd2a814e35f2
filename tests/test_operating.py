"""Commands, settings and messages that documents and the files in deploy/ name are those of the program."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from horarium.cli.commands import app
from horarium.settings import OTHER_VARIABLES, SETTINGS, load_settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*")
    for path in ROOT.glob(pattern)
    if path.is_file() and path.suffix != ".json" and path.name != "CHANGELOG.md"
)
# A command up to the end of its code span or its line. A line that ends with a backslash goes on.
UsageError: Any = typer.BadParameter.__base__
# At the beginning of a line or a code span, or behind a path. As a word among others it may be the name of a container.
COMMAND = re.compile(
    r"(?:^ *|[`/]|&& )horarium ((?:--[a-z]|[a-z])[^`\n|>;&)]*(?:\\\n[^`\n|>;&)]*)*)", re.MULTILINE
)
VARIABLE = re.compile(r"\bHORARIUM_[A-Z_]*[A-Z]\b")
# Variables that are examples: a misspelt one, the form of all of them, and those that commands are always given.
EXAMPLES = {"HORARIUM_PROT", "HORARIUM_NAME", "HORARIUM_ENV"}
EXAMPLES |= {"HORARIUM_RUN_ID", "HORARIUM_SLOT", "HORARIUM_ATTEMPT"}
# A message of a database, which the program hands on.
OF_DATABASES = {"database or disk is full"}
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
ANCHOR = re.compile(r"settings\.md#([a-z_]+)")


def read(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def code_of(text: str, document: str) -> Iterator[str]:
    """The code of a document: its blocks and spans. What is no Markdown is code as a whole."""
    if not document.endswith(".md"):
        yield text
        return
    blocks = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
    yield from blocks.findall(text)
    rest = blocks.sub("", text)
    yield from re.findall(r"^ {4}.*$", rest, re.MULTILINE)
    yield from re.findall(r"`[^`\n]+`", rest)


def commands(text: str, document: str) -> Iterator[list[str]]:
    """The words behind `horarium` of every command in a document."""
    for code in code_of(text, document):
        for found in COMMAND.findall(code):
            words = shlex.split(found.replace("\\\n", " "), comments=True)
            if words:
                yield words


def problem(words: list[str]) -> str | None:
    """What is wrong with a command, or None."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name == "...":
            return None
        if name not in command.commands:
            return f"there is no command {name!r}"
        command = command.commands[name]
    given = [word.strip("[]") for word in rest if word != "..."]
    try:
        _, left, _ = command.make_parser(command.context_class(command)).parse_args(given)
    except UsageError as error:
        # `--alert` alone, as prose names an option, lacks its value.
        return None if "requires an argument" in error.message else error.message
    return f"{left} is too much" if left else None


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_named_exists_with_its_options(document: str) -> None:
    text = read(document)
    assert [(words, wrong) for words in commands(text, document) if (wrong := problem(words))] == []


def test_wrong_commands_would_be_found() -> None:
    text = "`horarium explain x` `horarium key create a --scop b`\n\n    horarium schedule explain a b c\n"
    found = [problem(words) for words in commands(text, "x.md")]
    assert len(found) == 3
    assert None not in found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_that_is_named_is_a_setting(document: str) -> None:
    known = {setting.variable for setting in SETTINGS.values()} | {*OTHER_VARIABLES} | EXAMPLES
    assert set(VARIABLE.findall(read(document))) - known == set()


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name.endswith(".md")])
def test_every_setting_that_a_document_gives_or_leads_to_exists(document: str, tmp_path: Path) -> None:
    text = read(document)
    assert set(ANCHOR.findall(text)) - set(SETTINGS) == set()
    for block in TOML.findall(text):
        file = tmp_path / "horarium.toml"
        file.write_text(block)
        load_settings({}, {}, file)


@cache
def texts_of_the_program() -> str:
    """All texts of the program, one behind the other; what is filled in is left out of them."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_every_message_that_the_page_of_symptoms_quotes_is_one_of_the_program() -> None:
    symptoms = re.findall(r"^\| (.+?) \|", read("docs/operate/troubleshooting.md"), re.MULTILINE)
    quoted = [text for cell in symptoms for text in re.findall(r"`([^`]+ [^`]+)`", cell)]
    pieces = [
        piece.strip()
        for text in quoted
        if not text.startswith("horarium ")
        for piece in re.split(r"\.\.\.|HORARIUM_PROT:|\((?:loopback|private)\)", text)
    ]
    texts = texts_of_the_program()
    assert {piece for piece in pieces if piece not in texts} == OF_DATABASES
    assert len(pieces) > 10
