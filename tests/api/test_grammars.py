"""Grammars can be had without the dialects that they belong to."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from horarium.api.grammars import GROUP
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
