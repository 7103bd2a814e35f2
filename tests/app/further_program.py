"""What tests run as a further process: it does what the name of its node says."""

import os
import pickle
import socket
import sys
import time
from contextlib import suppress

from prometheus_client.metrics_core import GaugeMetricFamily

from horarium.app.further_processes import _LENGTH, OTHER_VERSION


def received(end: socket.socket) -> object:
    head = end.recv(_LENGTH.size, socket.MSG_WAITALL)
    if not head:
        raise EOFError
    return pickle.loads(end.recv(_LENGTH.unpack(head)[0], socket.MSG_WAITALL))


def main() -> None:
    end = socket.socket(fileno=int(sys.argv[1]))
    _version, settings = received(end), received(end)
    if settings.node.startswith("brief"):
        sys.exit(7)
    if settings.node.startswith("newer"):
        sys.exit(OTHER_VERSION)
    with suppress(EOFError):
        while True:
            data = pickle.dumps((received(end), [GaugeMetricFamily("pid", settings.node, value=os.getpid())]))
            end.sendall(_LENGTH.pack(len(data)) + data)
    while settings.node.startswith("deaf"):
        time.sleep(1)


if __name__ == "__main__":
    main()
