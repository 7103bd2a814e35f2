"""m9m's workflows: targets of that kind, and runs of them that are started by hand."""
