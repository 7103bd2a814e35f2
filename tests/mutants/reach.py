"""Which tests reach which lines and which statements, and how long each takes: measured once for each folder of tests.

A pytest plugin, used by run.py in a process of its own: what it has seen is written to the file that is named by
MUTANTS_REACH.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "horarium"


class Reach:
    """`lines` and `statements` have the numbers of the tests that reach them; `tests` the ids and seconds by number.

    A test that fails here is asked about no fault, since it would fail with any: tracing makes all slower, which tests
    about time may notice. `failed` has their ids.
    """

    def __init__(self) -> None:
        self.tests: list[tuple[str, float]] = []
        self.statements: dict[str, set[int]] = defaultdict(set)
        self._coverage = coverage.Coverage(
            data_file=None, source=[str(SOURCE)], config_file=False, branch=False, messages=False
        )
        self._passed: set[str] = set()
        self._failed: set[str] = set()
        self._begun = 0.0

    def start(self) -> None:
        self._coverage.start()
        self._watch_statements()

    def _watch_statements(self) -> None:
        """Note the name of each statement that is looked up in the statements of a database."""
        from horarium.store import statements as module

        real, reach = module.load, self

        class Watched(dict[str, Any]):
            def __getitem__(self, name: str) -> Any:
                reach.statements[name].add(len(reach.tests))
                return super().__getitem__(name)

        known: dict[str, Watched] = {}

        def load(flavour: Any) -> Any:
            if flavour not in known:
                known[flavour] = Watched(real(flavour))
            return known[flavour]

        module.load = load  # type: ignore[assignment]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self._coverage.switch_context(str(len(self.tests)))
        begun = time.monotonic()
        found = yield
        self.tests.append((item.nodeid, time.monotonic() - begun))
        return found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        passed = {
            number for number, (name, _) in enumerate(self.tests) if name in self._passed - self._failed
        }
        lines: dict[str, dict[int, list[int]]] = {}
        for file in data.measured_files():
            by_line = {
                line: sorted(passed & {int(context) for context in contexts if context})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            lines[Path(file).relative_to(SOURCE).as_posix()] = {
                line: of for line, of in by_line.items() if of
            }
        statements = {name: sorted(passed & of) for name, of in self.statements.items()}
        failed = sorted(self._failed)
        found = {"tests": self.tests, "lines": lines, "statements": statements, "failed": failed}
        Path(os.environ["MUTANTS_REACH"]).write_text(json.dumps(found))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before anything of ours is imported: modules take `load` over from the one that is watched."""
    reach = Reach()
    reach.start()
    early_config.pluginmanager.register(reach)
