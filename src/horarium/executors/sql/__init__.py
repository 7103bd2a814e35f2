"""The `sql` executor, which writes to tables of databases, and the embedded tables that a workspace can create."""

from horarium.executors.sql.executor import SqlExecutor, make
from horarium.executors.sql.tables import create_table, describe_table, list_tables, read_rows

__all__ = ["SqlExecutor", "create_table", "describe_table", "list_tables", "make", "read_rows"]
