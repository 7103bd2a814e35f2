"""How the recurrences of m9m are read: cron expressions, macros included."""

from horarium.times.grammar import Grammar, cron_text, refuse_object

GRAMMAR = Grammar(cron_text(macros=True), refuse_object)
