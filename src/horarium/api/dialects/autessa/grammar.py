"""How the recurrences of autessa are read: expressions of AWS."""

from horarium.times.grammar import Grammar, aws_text, refuse_object

GRAMMAR = Grammar(aws_text, refuse_object)
