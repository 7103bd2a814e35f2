"""Plants small faults in the code, one at a time, and counts how many of them the tests notice.

`make mutants AREA=domain COUNT=300 SEED=1 MINUTES=60`, or `python -m tests.mutants.run --area domain`. Which tests
reach which lines is measured first, folder by folder. Then a sample of the faults that can be planted in lines which
tests reach is drawn by SEED, and for each of them those tests run until one fails: first those that are named like its
file, then those that reach little else. What was found is kept in .mutants/, so that a run goes on where the last one
ended. Faults in lines that no test reaches are counted apart.

Each fault is planted in a child process that has loaded the libraries and nothing of ours: nothing is written into the
source, and the child starts within a tenth of a second.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.mutants import python_mutants, sql_mutants
from tests.mutants.planted import Mutant, line_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "horarium"
KEPT = ROOT / ".mutants"
# Faults that change nothing that anybody could see, by what was planted, each with the reason.
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
# Faults that the suite once did not notice.
KNOWN = Path(__file__).with_name("known.toml")
# By area, what faults are planted in, and the folders of tests that are asked about them.
AREAS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "times": (["times/**/*.py"], ["tests/times", "tests/domain"]),
    "domain": (["domain/*.py"], ["tests/domain", "tests/store/conformance", "tests/engine", "tests/worker",
                                 "tests/service"]),
    "verbs": (["store/verbs/*.py"], ["tests/store", "tests/engine", "tests/worker", "tests/service"]),
    "sql": (["store/sql/**/*.sql"], ["tests/store", "tests/engine", "tests/worker", "tests/service"]),
    "worker": (["worker/*.py"], ["tests/worker", "tests/engine", "tests/store/conformance"]),
    "engine": (["engine/*.py"], ["tests/engine", "tests/worker", "tests/store/conformance"]),
    "service": (["service/*.py"], ["tests/service", "tests/engine", "tests/api"]),
    "dialects": (["api/dialects/**/*.py"], ["tests/api/dialects"]),
    "kit": (["api/kit/*.py"], ["tests/api/kit", "tests/api/dialects"]),
    "routes": (["api/*.py", "api/routes/*.py"], ["tests/api"]),
    "store": (["store/*.py", "store/postgres/*.py", "store/sqlite/*.py"], ["tests/store"]),
    "console": (["console/*.py"], ["tests/console"]),
    "executors": (["executors/**/*.py", "audiences/*.py"], ["tests/executors", "tests/audiences"]),
    "around": (["*.py", "backup/*.py", "cli/*.py", "doctor/*.py", "events/*.py", "watchdog/*.py"],
               ["tests/backup", "tests/cli", "tests/doctor", "tests/events", "tests/watchdog", "tests/app",
                "tests/test_open_files.py", "tests/test_settings.py"]),
}  # fmt: skip
# How long the tests of one fault may take in all, and how much longer than usual they may take (a fault may loop).
SECONDS_FOR_ONE = 60.0
SLOWER = 6.0
# How many tests are asked first: most faults are noticed by these, and pytest need not load all others for them.
FIRST_ASKED = 20
# How a child ends where something broke, pytest was called wrongly, or it found no test.
_ASKED_NOBODY = (3, 4, 5)
CAUGHT, SURVIVED, SLOW = "caught", "survived", "caught by taking too long"


@dataclass
class Reached:
    """What the tests of some folders reach: the tests by line and by statement, how long each takes, and which failed
    while that was measured and are therefore asked about nothing."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    statements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failed: set[str] = field(default_factory=set)
    # How many lines each test reaches.
    breadth: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, found: Mapping[str, Any]) -> None:
        names = [name for name, _ in found["tests"]]
        self.seconds |= dict(found["tests"])
        for path, lines in found["lines"].items():
            for line, tests in lines.items():
                self.lines[path, int(line)] |= {names[number] for number in tests}
                for number in tests:
                    self.breadth[names[number]] += 1
        for statement, tests in found["statements"].items():
            self.statements[statement] |= {names[number] for number in tests}
        self.failed |= set(found.get("failed", ()))


def reached(folders: Iterable[str], fresh: bool) -> Reached:
    """What the tests in these folders reach. What was measured earlier is used again, unless `fresh`: lines that have
    moved since are then looked up in the wrong place, and their faults may be asked of the wrong tests."""
    all_of_them = Reached()
    for folder in folders:
        file = KEPT / f"reach-{folder.replace('/', '-')}.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        if fresh or not known:
            print(f"measuring what {folder} reaches", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider"]
            command += ["-p", "tests.mutants.reach", folder]
            subprocess.run(command, cwd=ROOT, env=os.environ | {"MUTANTS_REACH": str(file)}, check=False)
            known = json.loads(file.read_text())
        all_of_them.add(known)
    return all_of_them


def known_faults() -> list[tuple[Mutant, list[str]]]:
    """The faults of known.toml, each with the words for pytest that choose the tests which notice it.

    Raises ValueError for a fault whose place is not there any more.
    """
    found = []
    for fault in tomllib.loads(KNOWN.read_text("utf-8"))["fault"]:
        source = (SOURCE / fault["path"]).read_text("utf-8")
        if source.count(fault["old"]) != 1:
            raise ValueError(f"{fault['path']} does not hold once: {fault['old']!r}")
        start = source.index(fault["old"])
        place = line_of(source, start), fault["promise"], start, start + len(fault["old"])
        chosen = [fault["tests"], *(["-k", fault["named"]] if "named" in fault else [])]
        found.append((Mutant(fault["path"], *place, fault["new"]), chosen))
    return found


def mutants_in(patterns: Iterable[str]) -> list[Mutant]:
    """Every fault that can be planted in the files of an area."""
    found: list[Mutant] = []
    for pattern in patterns:
        for path in sorted(SOURCE.glob(pattern)):
            kind = sql_mutants if path.suffix == ".sql" else python_mutants
            found += kind.mutants_of(path.relative_to(SOURCE).as_posix(), path.read_text("utf-8"))
    return found


def tests_for(mutant: Mutant, what: Reached) -> list[str]:
    """The tests that reach a fault, as many as there is time for: first those of the module of tests that is named like
    the file, then those that reach little else."""
    if mutant.path.endswith(".sql"):
        tests = set().union(*(what.statements.get(name, set()) for name in statements_with(mutant)))
    else:
        tests = what.lines.get((mutant.path, mutant.line), set())
    own = f"test_{Path(mutant.path).stem}.py"
    chosen, seconds = [], 0.0
    for test in sorted(
        tests, key=lambda name: (f"/{own}" not in name, what.breadth[name], what.seconds[name], name)
    ):
        seconds += what.seconds[test]
        if chosen and seconds > SECONDS_FOR_ONE:
            break
        chosen.append(test)
    return chosen


def is_reached(mutant: Mutant, what: Reached) -> bool:
    """Whether a test comes where a fault would be. Statements are asked one by one later, since that takes longer."""
    return mutant.path.endswith(".sql") or bool(tests_for(mutant, what))


def statements_with(mutant: Mutant) -> set[str]:
    """The statements that a fault in a file of statements changes; more than one where it stands in a part."""
    from horarium.store.statements import load

    load.cache_clear()
    before = {flavour: load(flavour) for flavour in ("sqlite", "postgres")}
    load.cache_clear()
    with planted_sql(mutant):
        try:
            after = {flavour: load(flavour) for flavour in ("sqlite", "postgres")}
        finally:
            load.cache_clear()
    return {
        name
        for flavour, statements in after.items()
        for name, statement in statements.items()
        if statement.sql != before[flavour][name].sql
    }


class planted_sql:
    """Within, the files of statements are read with a fault in one of them."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def __enter__(self) -> None:
        from horarium.store import statements

        place = Path(self._mutant.path)
        self._module, self._real = statements, statements._files

        def files(folder: Any) -> dict[str, str]:
            found = self._real(folder)
            if folder.name == place.parent.name and place.name in found:
                found[place.name] = self._mutant.planted_in(found[place.name])
            return found

        statements._files = files

    def __exit__(self, *_: object) -> None:
        self._module._files = self._real


class _Planted(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Loads one module of ours with a fault in it."""

    def __init__(self, mutant: Mutant) -> None:
        parts = Path(mutant.path).with_suffix("").parts
        module = ".".join(("horarium", *parts)).removesuffix(".__init__")
        super().__init__(module, str(SOURCE / mutant.path))
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        source = Path(str(self.path)).read_text("utf-8")
        return compile(self._mutant.planted_in(source), str(self.path), "exec", dont_inherit=True)


def fate(mutant: Mutant, tests: Sequence[str], usual_s: float) -> tuple[str, str]:
    """Whether the tests notice a fault, and the first that does."""
    output = KEPT / "child.txt"
    child = os.fork()
    if child == 0:
        _run_child(mutant, tests, output)
    ends = time.monotonic() + 30.0 + SLOWER * usual_s
    while True:
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            break
        if time.monotonic() > ends:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return SLOW, ""
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    said = output.read_text(errors="replace")
    # A module of tests that cannot be imported with the fault has noticed it; pytest then says that it found no tests.
    failed = [line for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if (
        "INTERNALERROR" in said and not failed
    ):  # a fault by which a function calls itself too deeply breaks pytest, too
        return CAUGHT, "pytest broke down"
    if code in _ASKED_NOBODY and not failed:
        raise RuntimeError(f"no test ran for {mutant.name}: {said[-500:]}")
    return (SURVIVED, "") if code == 0 else (CAUGHT, failed[0][:200] if failed else f"exit {code}")


def _run_child(mutant: Mutant, tests: Sequence[str], output: Path) -> None:
    """Run tests with a fault planted, in a child that ends here."""
    os.setpgid(0, 0)
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = 3
    try:
        import pytest

        if mutant.path.endswith(".sql"):
            planted_sql(mutant).__enter__()
        else:
            sys.meta_path.insert(0, _Planted(mutant))
        os.chdir(ROOT)
        code = int(
            pytest.main(
                [
                    "-x",
                    "-q",
                    "-m",
                    "not long",
                    "-p",
                    "no:cacheprovider",
                    # A folder of its own: where several processes clean the one of all, pytest warns and fails.
                    f"--basetemp={KEPT / 'tmp'}",
                    "-W",
                    "ignore::pytest.PytestAssertRewriteWarning",
                    *tests,
                ]
            )
        )
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def interval(caught: int, of: int) -> tuple[float, float]:
    """The range in which the share of all faults lies that would be caught, with 95 % certainty (Wilson)."""
    if of == 0:
        return 0.0, 1.0
    share, z = caught / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


def explained() -> Callable[[Mapping[str, Any]], bool]:
    """Whether a reason is known why a fault changes nothing."""
    found = tomllib.loads(EQUIVALENT.read_text("utf-8"))["mutant"]
    reasons = {(each["path"], each["words"], each.get("line")) for each in found}

    def known(one: Mapping[str, Any]) -> bool:
        number = int(one["name"].removeprefix(f"{one['path']}:").partition(":")[0])
        line = (SOURCE / one["path"]).read_text("utf-8").splitlines()[number - 1].strip()
        own = one["path"], one["words"]
        return (*own, None) in reasons or (*own, line) in reasons

    return known


def report(area: str, known: Mapping[str, Mapping[str, Any]], unreached: int, every: int) -> str:
    """The figures in words, and the survivors by file."""
    changes_nothing = explained()
    judged = {name: one for name, one in known.items() if one["fate"] != SURVIVED or not changes_nothing(one)}
    caught = sum(one["fate"] != SURVIVED for one in judged.values())
    low, high = interval(caught, len(judged))
    lines = [
        f"{area}: {caught} of {len(judged)} faults caught ({caught / max(1, len(judged)):.1%}, "
        f"95 % interval {low:.1%} to {high:.1%}), {len(known) - len(judged)} change nothing; "
        f"{every} can be planted, {unreached} of them where no test comes"
    ]
    by_file: dict[str, list[str]] = defaultdict(list)
    for name, one in judged.items():
        if one["fate"] == SURVIVED:
            by_file[one["path"]].append(f"  {name}  ({one['tests']} tests)")
    for path, survivors in sorted(by_file.items(), key=lambda pair: -len(pair[1])):
        lines += [f"{path}: {len(survivors)} survived", *sorted(survivors)]
    return "\n".join(lines)


def load_libraries() -> None:
    """Import what tests import of others, so that children have it, and start the database that they share."""
    for name in ("pytest", "hypothesis", "fastapi", "httpx", "aiohttp", "asyncpg", "jsonschema", "pydantic", "uvicorn",
                 "cryptography", "orjson", "structlog", "prometheus_client", "typer"):  # fmt: skip
        importlib.import_module(name)
    from tests.support.postgres import server

    server()


def go(area: str, count: int, seed: int, minutes: float, fresh: bool, say: Callable[[str], None]) -> str:
    """Plant a sample of an area's faults and ask its tests; the report."""
    KEPT.mkdir(exist_ok=True)
    patterns, folders = AREAS[area]
    what = reached(folders, fresh)
    every = mutants_in(patterns)
    in_reach = [mutant for mutant in every if is_reached(mutant, what)]
    sample = random.Random(seed).sample(in_reach, min(count, len(in_reach)))
    file = KEPT / f"{area}.jsonl"
    known = (
        {one["name"]: one for one in map(json.loads, file.read_text().splitlines())} if file.exists() else {}
    )
    ends = time.monotonic() + minutes * 60
    load_libraries()
    for number, mutant in enumerate(sample, 1):
        source = (SOURCE / mutant.path).read_text("utf-8")
        text = hashlib.blake2b(mutant.planted_in(source).encode(), digest_size=8).hexdigest()
        before = known.get(mutant.name)
        if before is not None and before["text"] == text and before["fate"] != SURVIVED:
            continue
        if time.monotonic() > ends:
            break
        tests = tests_for(mutant, what)
        if not tests:
            continue
        for asked in (tests[:FIRST_ASKED], tests[FIRST_ASKED:]):
            if asked:
                ended, by = fate(mutant, asked, sum(what.seconds[test] for test in asked))
            if ended != SURVIVED:
                break
        known[mutant.name] = {"name": mutant.name, "path": mutant.path, "words": mutant.words, "text": text,
                              "fate": ended, "by": by, "tests": len(tests)}  # fmt: skip
        file.write_text("".join(json.dumps(one) + "\n" for one in known.values()))
        say(f"{number}/{len(sample)} {ended}: {mutant.name} {by}")
    of_sample = {mutant.name: known[mutant.name] for mutant in sample if mutant.name in known}
    said = report(area, of_sample, len(every) - len(in_reach), len(every))
    left_out = [f"  {test}" for test in sorted(what.failed)]
    return (
        "\n".join([said, "not asked, since they failed while reach was measured:", *left_out])
        if left_out
        else said
    )


def go_known(say: Callable[[str], None]) -> str:
    """Plant each fault that the suite once did not notice, and ask the tests that were written for it; the report."""
    KEPT.mkdir(exist_ok=True)
    load_libraries()
    survived = []
    faults = known_faults()
    for mutant, chosen in faults:
        ended, by = fate(mutant, chosen, 30.0)
        say(f"{ended}: {mutant.path}: {mutant.words} {by}")
        survived += [f"  {mutant.path}: {mutant.words}"] if ended == SURVIVED else []
    return "\n".join([f"known: {len(faults) - len(survived)} of {len(faults)} faults caught", *survived])


def main() -> None:
    """Plant a sample in one area or in all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--area", choices=[*AREAS, "known", "all"], default="all")
    parser.add_argument("--count", type=int, default=300, help="faults of each area")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="after so long no further fault is planted")
    parser.add_argument("--fresh", action="store_true", help="measure again which tests reach what")
    given = parser.parse_args()
    if given.area == "known":
        print("\n" + go_known(lambda words: print(words, flush=True)))
        return
    areas = list(AREAS) if given.area == "all" else [given.area]
    ends = time.monotonic() + given.minutes * 60
    reports = []
    for area in areas:
        left = (ends - time.monotonic()) / 60 / (len(areas) - len(reports))
        reports.append(
            go(area, given.count, given.seed, left, given.fresh, lambda words: print(words, flush=True))
        )
    print("\n\n".join(["", *reports]))


if __name__ == "__main__":
    main()
