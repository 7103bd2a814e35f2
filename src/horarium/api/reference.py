"""The page of an API in a browser. All of its files are served from here, so it works without a network, and no other
server learns that it was opened."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

PAGE = "/docs"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def _policy(page: bytes) -> str:
    """The content policy of a page: it may load files of this server, and run only the scripts that it contains."""
    hashes = [b64encode(sha256(script).digest()).decode() for script in _SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{found}'" for found in hashes)
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def add_reference(api: FastAPI) -> None:
    """Add the page at `/docs`, and the files that it loads."""
    parts = f"{PAGE}/static"

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        shown = get_swagger_ui_html(
            openapi_url=f"{root}{api.openapi_url}",
            title=api.title,
            swagger_js_url=f"{root}{parts}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{parts}/swagger-ui.css",
            swagger_favicon_url=f"{root}{parts}/favicon.png",
        )
        shown.headers["Content-Security-Policy"] = _policy(bytes(shown.body))
        return shown

    api.add_route(PAGE, page, include_in_schema=False)
    api.mount(parts, StaticFiles(directory=str(files("fastapi_offline") / "static")))
