"""m9m's executions: the runs of workflows."""
