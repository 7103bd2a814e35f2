"""One attacker beside another workspace whose schedules fire a hundred times a second, on a whole server.

`python -m tests.acceptance.attack [sqlite|postgres] [PART,PART... | nothing]` prints the figures, and
`SERVER_PYTHON=.../bin/python` runs the server of another state of the project, to compare with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.acceptance.neighbours import Felt, Server, felt, serving
from tests.support.moody_receiver import Moods

PARTS = ("slow", "half-open", "bodies", "keys")
FIRES_A_SECOND = 100
# Seconds: before the attack, of the attack before slots count, and after the attack until nothing more is expected.
WARM_S, BEGIN_S, REST_S = 5, 2, 10


@dataclass(frozen=True, slots=True)
class Attacked:
    """What the schedules of another workspace felt of an attack, and what it took.

    `server_cores` and `attacker_cores` are the shares of a core that both processes used, `resident_mb` the largest
    resident memory of the server, and `counts` what the attacker has done.
    """

    felt: Felt
    server_cores: float
    attacker_cores: float
    resident_mb: float
    counts: Mapping[str, int]

    def __str__(self) -> str:
        done = "; ".join(f"{what} {count}" for what, count in self.counts.items())
        return (
            f"{self.felt}; server {self.server_cores:.2f} cores, {self.resident_mb:.0f} MB; "
            f"attacker {self.attacker_cores:.2f} cores: {done}"
        )


def attacked(server: Server, receiver: Moods, seconds: int, parts: Sequence[str] = PARTS) -> Attacked:
    """Attack for so many seconds in these ways (none: no attack) while another workspace's schedules fire."""
    victim, attacker = server.workspace("victim"), server.workspace("attacker")
    victim.target("good", receiver.url("good", "at-once"))
    victim.schedules(
        [
            {
                "name": f"good {n}",
                "recurrence": "* * * * * *",
                "target": "good",
                "policies": {"overlap": "allow"},
            }
            for n in range(FIRES_A_SECOND)
        ]
    )
    time.sleep(WARM_S)
    key = attacker.client.headers["authorization"].removeprefix("Bearer ")
    lasts = seconds + BEGIN_S + 1
    command = [sys.executable, "-m", "tests.acceptance.attacker", server.addresses[0], key, str(lasts)]
    process = psutil.Process(server.processes[0].pid)
    resident = 0
    with subprocess.Popen([*command, ",".join(parts)], stdout=subprocess.PIPE, text=True) as attack:
        try:
            assert attack.stdout is not None
            assert attack.stdout.readline() == "ready\n"
            begun, cpu = time.monotonic(), sum(process.cpu_times()[:2])
            first = int(time.time()) + BEGIN_S
            while time.time() < first + seconds:
                resident = max(resident, process.memory_info().rss)
                time.sleep(0.1)
            cores = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - begun)
            said, _ = attack.communicate(timeout=60)
            told = json.loads(said)
        finally:
            attack.kill()
    time.sleep(REST_S)
    good = felt(receiver.arrivals("good"), first * 1000, (first + seconds) * 1000, seconds * FIRES_A_SECOND)
    return Attacked(good, cores, told["cores"], resident / 1e6, told["counts"])


def main(kind: str = "sqlite", parts: str = ",".join(PARTS), seconds: str = "30") -> None:
    chosen = parts.split(",")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), kind, 1) as (server, receiver):
        print(kind, parts, attacked(server, receiver, int(seconds), chosen), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
