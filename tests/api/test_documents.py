"""Examples in the documents work as they are written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.api.asking import NOW
from tests.support.house import House

DIALECTS = Path(__file__).parent.parent.parent / "docs" / "dialects"


async def test_the_sql_source_of_trustpagers_page_is_accepted_on_the_server_that_the_page_starts() -> None:
    text = (DIALECTS / "trustpager.md").read_text("utf-8")
    option = re.search(r"horarium serve --sql-host (\S+?)`", text)
    command = re.search(r"```bash\n(curl -X PUT \S+/audiences/contacts .*?)```", text, re.DOTALL)
    assert option is not None
    assert command is not None
    _, _, method, address, _, _, _, body = shlex.split(command[1])
    path = address.removeprefix("http://127.0.0.1:8080")
    async with House.open(NOW, outgoing={"sql_hosts": (option[1],)}) as house:
        answer = await house.client.request(method, path, content=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["type"] == "sql"
    async with House.open(NOW) as house:
        assert "sql_hosts" in (await house.client.request(method, path, content=body)).text
