"""Documents name files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/where-does-a-line-go.md"]

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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_to_a_file(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []
