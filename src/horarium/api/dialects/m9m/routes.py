"""m9m's routes, and what its OpenAPI page says of them."""

from __future__ import annotations

from typing import Any

from horarium.api.dialects.m9m.errors import render
from horarium.api.dialects.m9m.executions import WorkflowHandlers
from horarium.api.dialects.m9m.schedules import ScheduleHandlers
from horarium.api.dialects.m9m.schemas import (
    EXECUTION_STATUS,
    FAILURES,
    FLAG,
    HISTORY,
    SCHEMAS,
    SECURITY,
    TEXT,
    WINDOW,
)
from horarium.api.kit.unmoved import OldApp
from horarium.service.services import Services


def make(services: Services) -> OldApp:
    """The application of this dialect."""
    app = OldApp(
        splits_path=True,
        title="m9m schedules",
        description="Cron schedules that execute workflows.",
        render=render,
        schemas=SCHEMAS,
        security=SECURITY,
        failure="Error",
    )
    _add_schedules(app, ScheduleHandlers(services))
    _add_workflows(app, WorkflowHandlers(services))
    return app


def _add_schedules(app: OldApp, routes: ScheduleHandlers) -> None:
    one = "/schedules/{id}"
    clash: dict[str, Any] = {"failures": (*FAILURES, 409, 413)}
    listed = {"workflowId": TEXT, "enabled": FLAG, "search": TEXT, **WINDOW}
    app.route(
        "GET", "/schedules", routes.list_schedules, "List schedules", answer="ScheduleList", query=listed
    )
    app.route(
        "POST",
        "/schedules",
        routes.create_schedule,
        "Create a schedule",
        status=201,
        body="NewSchedule",
        answer="Schedule",
        **clash,
    )
    app.route("GET", one, routes.get_schedule, "Get a schedule", answer="Schedule")
    app.route(
        "PUT",
        one,
        routes.update_schedule,
        "Change a schedule",
        body="ScheduleChange",
        answer="Schedule",
        **clash,
    )
    app.route("DELETE", one, routes.delete_schedule, "Delete a schedule", status=204)
    app.route("POST", f"{one}/enable", routes.enable, "Enable a schedule", answer="Schedule", **clash)
    app.route("POST", f"{one}/disable", routes.disable, "Disable a schedule", answer="Schedule", **clash)
    app.route(
        "GET", f"{one}/history", routes.history, "Executions", answer="History", query={"limit": HISTORY}
    )


def _add_workflows(app: OldApp, routes: WorkflowHandlers) -> None:
    one, run = "/workflows/{id}", "/executions/{id}"
    clash: dict[str, Any] = {"failures": (*FAILURES, 409, 413)}
    flow: dict[str, Any] = {"tag": "workflows"}
    done: dict[str, Any] = {"tag": "executions"}
    window = {"search": TEXT, **WINDOW}
    app.route(
        "GET", "/workflows", routes.list_workflows, "List workflows", answer="Workflows", query=window, **flow
    )
    app.route(
        "POST",
        "/workflows",
        routes.create_workflow,
        "Create a workflow",
        status=201,
        body="NewWorkflow",
        answer="Workflow",
        **flow,
        **clash,
    )
    app.route("GET", one, routes.get_workflow, "Get a workflow", answer="Workflow", **flow)
    app.route(
        "PUT",
        one,
        routes.update_workflow,
        "Change a workflow",
        body="WorkflowChange",
        answer="Workflow",
        **flow,
        **clash,
    )
    app.route("DELETE", one, routes.delete_workflow, "Delete a workflow", status=204, **flow, **clash)
    app.route(
        "POST",
        f"{one}/execute",
        routes.execute_workflow,
        "Execute a workflow",
        body="Items",
        body_required=False,
        answer="Execution",
        **flow,
        **clash,
    )
    window = {"workflowId": TEXT, "status": EXECUTION_STATUS, **WINDOW}
    app.route(
        "GET",
        "/executions",
        routes.list_executions,
        "List executions",
        answer="Executions",
        query=window,
        **done,
    )
    app.route("GET", run, routes.get_execution, "Get an execution", answer="Execution", **done)
    app.route("DELETE", run, routes.delete_execution, "Delete an execution", status=204, **done, **clash)
    app.route(
        "POST", f"{run}/retry", routes.retry_execution, "Run again", answer="Execution", **done, **clash
    )
    app.route("POST", f"{run}/cancel", routes.cancel_execution, "Cancel", answer="Cancelled", **done, **clash)
