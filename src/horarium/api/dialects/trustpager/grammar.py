"""How the recurrences of trustpager are read: cron expressions without macros."""

from horarium.times.grammar import Grammar, cron_text, refuse_object

GRAMMAR = Grammar(cron_text(macros=False), refuse_object)
