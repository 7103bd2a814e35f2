"""Each line that the program writes into its log has a test: what an operator reads where something has failed is
otherwise the first to be wrong, since nothing else depends on it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "horarium"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
# What a usual run of the suite leaves out, or what reads the logs of whole servers.
BESIDE = {"acceptance", "browser", "engines"}


def names_of(said: ast.expr, names: dict[str, list[str]]) -> list[str]:
    """The names that an event may have. What is put into one is told below."""
    if isinstance(said, ast.Constant):
        return [str(said.value)]
    assert ast.unparse(said) in names, f"the names of {ast.unparse(said)} are not told here"
    return names[ast.unparse(said)]


# Events whose names are put together, and those that they may have.
PUT_TOGETHER = {
    "watcher.py": {"event": ["runs_not_looked_at", "runs_not_cancelled_there"]},
    "plugins.py": {
        f"f'{{what}}_{end}'": [f"{what}_{end}" for what in kinds]
        for end, kinds in {
            "name_taken": ("executor", "audience_source", "dialect", "grammar"),
            "not_loaded": ("executor", "audience_source", "dialect", "grammar"),
            "not_closed": ("executor", "audience_source"),
        }.items()
    },
}


def events() -> Iterator[tuple[str, str]]:
    """Each event of the program, and the module that writes it."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "_log." in text else ():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value) == "_log"
            ):
                for event in names_of(node.args[0], PUT_TOGETHER.get(path.name, {})):
                    yield event, path.relative_to(SOURCE).as_posix()


def names_in_tests() -> set[str]:
    """Each name that stands in a test as a text."""
    return {
        name
        for path in TESTS.rglob("*.py")
        if path != Path(__file__) and path.relative_to(TESTS).parts[0] not in BESIDE
        for name in re.findall('"([a-z_]+)"', path.read_text())
    }


def test_each_line_of_the_log_has_a_test_by_its_name() -> None:
    found, tested = {*events()}, names_in_tests()
    assert len(found) > 60
    missing = [f"{event} of {module}" for event, module in sorted(found) if event not in tested]
    assert not missing, f"have a test hold the whole line, with its level and its fields: {missing}"
