"""The place where all parts are put together: settings become a running server.

By default it is one process, in which the HTTP server, the engine and the worker share an event loop and a store.
Where one process is not enough, `roles` divides these parts among several, and `processes` starts others that fire and
run.
"""

from horarium.app.further_processes import serve_further
from horarium.app.installation import recover_key
from horarium.app.opening import open_server
from horarium.app.parts import Server, executor_options
from horarium.app.serving import serve

__all__ = ["Server", "executor_options", "open_server", "recover_key", "serve", "serve_further"]
