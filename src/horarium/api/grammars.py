"""Finds the grammars of dialects without the rest of them, which takes much longer to import.

A dialect says where its grammar is by a second entry point, with the name of the dialect:

    [project.entry-points."horarium.grammars"]
    acme = "my_package.acme.grammar:GRAMMAR"

The module and its package must import nothing of the server but `horarium.times`. A dialect without this entry point
works as well; it is then loaded as a whole.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from horarium import plugins
from horarium.times import Grammar, register_grammar

GROUP, DIALECTS = "horarium.grammars", "horarium.dialects"


def load_grammars() -> None:
    """Register the grammars of all installed dialects, so that timings of theirs can be compiled from now on."""
    loaded = plugins.load(GROUP, "grammar", "dialect", _grammar)
    if any(entry.name not in loaded for entry in entry_points(group=DIALECTS)):
        from horarium.api.kit import registry

        registry.load()


def _grammar(entry: EntryPoint) -> Grammar:
    grammar = entry.load()
    if not isinstance(grammar, Grammar):
        raise TypeError("it is not a grammar")
    register_grammar(entry.name, grammar)
    return grammar
