"""Documents name files that exist."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.asked import asked_by
from tests.cli.test_every_option import COMMANDS
from tests.support.house import House

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/where-does-a-line-go.md"]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deploy/*.md")
    for path in ROOT.glob(pattern)
)

# A file or a folder between backticks: it has a slash or a known suffix, and no placeholder in capitals, no route.
NAMED = re.compile(r"`([a-z_][\w./-]*(?:/|\.(?:py|sql|md|toml|txt)))`")


def exists(path: str) -> bool:
    """Whether a path exists in the project, or below the package, as documents write it."""
    return any((folder / path).exists() for folder in (ROOT, ROOT / "src" / "horarium"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    missing = [path for path in NAMED.findall(text) if "/" in path and not exists(path)]
    assert missing == []


def links(document: str) -> list[str]:
    """Where the links of a document lead, but for those to other sites."""
    return re.findall(r"\]\((?!https?://)([^)\s]+)\)", (ROOT / document).read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors of the headings of a document, as they are made for its page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", PAGES)
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: str) -> None:
    here, broken = ROOT / document, []
    for link in links(document):
        name, _, anchor = link.partition("#")
        path = here.parent / name if name else here
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


# A command of ours with what may stand before it: variables, and the folder of the program.
COMMAND_LINE = re.compile(r"(?:[A-Z_]+=(?:\$\([^)]*\)|\S*) )*(?:\S*/)?horarium ([a-z].*)$")


def command_lines(document: str) -> list[list[str]]:
    """The words of each command of ours in the blocks of code of a document, and of those within its text that say more
    than their name. What may be left out ([--load]) is no command."""
    text = (ROOT / document).read_text("utf-8").replace("\\\n", " ")
    fence = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in fence.findall(text) if language in ("", "sh", "bash")]
    rest = fence.sub("", text)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [line for line in rest.splitlines() if line.startswith("    ")]
    lines += [said for said in re.findall(r"`([^`\n]+)`", rest) if said.count(" ") > 2]
    parts = [
        part.strip() for line in lines if " [--" not in line for part in re.split(r" && | \| | &$", line)
    ]
    return [shlex.split(found[1], comments=True) for found in map(COMMAND_LINE.match, parts) if found]


@pytest.mark.parametrize("document", [page for page in PAGES if command_lines(page)])
def test_every_command_of_a_document_is_one_that_the_program_takes(document: str) -> None:
    for words in command_lines(document):
        given = words[: words.index(">")] if ">" in words else words
        name = next((name for name in (" ".join(given[:2]), given[0]) if name in COMMANDS), None)
        assert name is not None, f"there is no command {shlex.join(given)}"
        COMMANDS[name].make_context(name, given[name.count(" ") + 1 :])


def test_the_schedule_of_the_page_on_audiences_is_made_by_the_command_beside_it() -> None:
    text = (ROOT / "docs/audiences.md").read_text("utf-8")
    shown = re.search(r"^    (\{\"name\".*?\}\})$", text, re.MULTILINE | re.DOTALL)
    (made,) = (words for words in command_lines("docs/audiences.md") if words[:2] == ["schedule", "create"])
    assert shown is not None
    (request,) = asked_by(made)
    body = json.loads(request.removeprefix("POST /horarium/v1/schedules "))
    assert json.loads(shown[1]).items() <= body.items()


async def test_the_sql_source_of_an_example_is_accepted_by_a_server_that_is_started_as_its_page_says() -> (
    None
):
    text = (ROOT / "docs/dialects/trustpager.md").read_text("utf-8")
    started = re.search(r"`horarium serve --sql-host (\S+)`", text)
    sent = re.search(r"/audiences/contacts .* -d '(\{.*?\})'\n", text, re.DOTALL)
    assert started is not None
    assert sent is not None
    for hosts, status in (((started[1],), 200), ((), 400)):
        async with House.open("2026-03-01T12:00:00Z", outgoing={"sql_hosts": hosts}) as house:
            path = "/horarium/v1/audiences/contacts"
            assert (await house.client.put(path, content=sent[1])).status_code == status
