"""What the further processes of `horarium serve --processes N` run. The first process starts them; nobody else does."""

from __future__ import annotations

import socket
import sys

import uvloop

from horarium import app
from horarium.cli import logs

if __name__ == "__main__":
    sys.exit(uvloop.run(app.serve_further(socket.socket(fileno=int(sys.argv[1])), logs.configure)))
