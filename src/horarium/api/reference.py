"""The page of an API in a browser, with everything it is made of served from here: it works where nothing else is
reachable, and tells nobody that it was opened."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

PAGE = "/docs"


def add_reference(api: FastAPI) -> None:
    """`/docs`, and what it loads under it."""
    parts = f"{PAGE}/static"

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{api.openapi_url}",
            title=api.title,
            swagger_js_url=f"{root}{parts}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{parts}/swagger-ui.css",
            swagger_favicon_url=f"{root}{parts}/favicon.png",
        )

    api.add_route(PAGE, page, include_in_schema=False)
    api.mount(parts, StaticFiles(directory=str(files("fastapi_offline") / "static")))
