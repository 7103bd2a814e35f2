"""Grammars can be had without the dialects that they belong to."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
from structlog.testing import capture_logs

from horarium import plugins
from horarium.api.grammars import GROUP, load_grammars
from horarium.api.kit import registry

PROBE = """
import sys
from horarium.api.grammars import load_grammars
from horarium.times import Timing, compile_timing, grammar_names
load_grammars()
compile_timing(Timing("0 9 * * *", dialect="m9m"))
heavy = {"fastapi", "starlette", "sqlalchemy", "aiohttp", "pydantic", "horarium.api.kit", "horarium.service"}
print(sorted(grammar_names()), sorted(heavy.intersection(sys.modules)))
"""


def test_every_dialect_of_this_server_names_its_grammar_by_an_entry_point() -> None:
    grammars = {entry.name: entry.load() for entry in entry_points(group=GROUP)}
    for name, dialect in registry.load().items():
        assert grammars[name] is dialect.grammar


def test_loading_the_grammars_imports_neither_the_api_nor_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['autessa', 'cadenya', 'm9m', 'native', 'trustpager', 'uranus'] []"


def test_a_grammar_that_cannot_be_loaded_or_has_the_name_of_one_of_ours_is_told_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = tuple(entry_points(group=GROUP))
    others = (
        EntryPoint("acme", "tests.api.test_grammars:PROBE", GROUP),
        EntryPoint("uranus", "no:GRAMMAR", GROUP),
    )
    monkeypatch.setattr(plugins, "_installed", lambda group: (*others, *ours))
    with capture_logs() as lines:
        load_grammars()
    named = [{"dialect": entry.name, "entry": entry.value} for entry in others]
    assert lines == [
        {"log_level": "warning", "event": "grammar_not_loaded", "error": "TypeError: it is not a grammar"}
        | named[0],
        {"log_level": "warning", "event": "grammar_name_taken"} | named[1],
    ]
