"""How the recurrences of cadenya are read: objects of wall-clock times."""

from horarium.times.grammar import Grammar, refuse_text, wall_clock_object

GRAMMAR = Grammar(refuse_text, wall_clock_object)
