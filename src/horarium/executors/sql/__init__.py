"""The `sql` executor and the embedded tables it writes to by default."""

from horarium.executors.sql.executor import SqlExecutor, make
from horarium.executors.sql.tables import create_table, describe_table, list_tables, read_rows

__all__ = ["SqlExecutor", "create_table", "describe_table", "list_tables", "make", "read_rows"]
