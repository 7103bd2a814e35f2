"""The grammars of recurrences: each module reads one written form and answers the rule that it states."""
