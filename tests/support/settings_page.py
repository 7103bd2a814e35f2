"""docs/settings.md, made from settings.py.

python -m tests.support.settings_page
"""

from __future__ import annotations

from pathlib import Path

from horarium.settings import MEBIBYTE, SETTINGS, Setting

PLACE = Path(__file__).parents[2] / "docs" / "settings.md"

HEAD = """# Settings

<!-- Made from src/horarium/settings.py by `make settings`. A test compares the two. -->

A setting is taken from the first place that gives it:

1. an option of `horarium serve`, for the settings that have one;
2. an environment variable: `HORARIUM_` and the name in capitals; lists are separated by commas, and an empty variable
   counts as not set;
3. a TOML file, given by `--config` or `HORARIUM_CONFIG`, with the names as keys at its top level;
4. the default.

`horarium settings` takes the options of `horarium serve`, and shows every setting with its value and where that came
from; secrets are shown as `***`. It starts nothing, so it also tells whether a changed file is in order.

A server does not start with a name it does not know, neither in the file nor among the variables that begin with
`HORARIUM_`. (`HORARIUM_URL` and `HORARIUM_KEY` are for the other commands.) On Kubernetes set
`enableServiceLinks: false` where a service is called `horarium`: such a service puts variables of that prefix into
every pod.
"""


def page() -> str:
    return HEAD + "".join(_section(setting) for setting in SETTINGS.values())


def _section(setting: Setting) -> str:
    facts = [f"Environment: `{setting.variable}`"]
    if setting.about.option:
        facts.append(f"option: `{setting.about.option}`")
    facts.append(f"default: {_default(setting)}")
    if setting.about.unit:
        facts.append(f"unit: {setting.about.unit}")
    if setting.about.least is not None:
        facts.append(f"at least: {setting.about.least:g}")
    return f"\n## `{setting.name}`\n\n{setting.about.words}\n\n{' · '.join(facts)}\n"


def _default(setting: Setting) -> str:
    if not setting.default_words:
        return "none"
    if setting.about.unit != "bytes":
        return f"`{setting.default_words}`"
    size = setting.default
    readable = f"{size // MEBIBYTE} MiB" if size >= MEBIBYTE else f"{size // 1024} KiB"
    return f"`{size}` ({readable})"


if __name__ == "__main__":
    PLACE.write_text(page(), "utf-8")
