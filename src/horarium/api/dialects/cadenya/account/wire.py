"""How the caller, its account and its workspaces are answered."""

from __future__ import annotations

from horarium.api.dialects.cadenya.wire import WORKSPACE, account_id, account_metadata, profile_json
from horarium.api.kit import Json
from horarium.domain.ids import prefixed
from horarium.domain.tenancy import Identity, Principal, Workspace


def whoami(who: Identity) -> Json:
    """The caller and its workspace."""
    return {
        "profile": profile_json(who.principal),
        "defaultWorkspace": _workspace_metadata(who.workspace, who.principal),
    }


def account(workspace: Workspace, caller: Principal) -> Json:
    """The account of a workspace, which has no other workspaces."""
    return {
        "metadata": _metadata(account_id(workspace.id), workspace, caller),
        "spec": {
            "description": "",
            "domain": "",
            "billingEmail": "",
            "workspaces": [workspace_json(workspace, caller)],
        },
        "info": {"webhookEventsHmacSecret": "", "challengeToken": ""},
    }


def workspace_json(workspace: Workspace, caller: Principal) -> Json:
    """A workspace."""
    return {
        "metadata": _workspace_metadata(workspace, caller),
        "spec": {"description": ""},
        "status": "STATUS_ENABLED",
    }


def _workspace_metadata(workspace: Workspace, caller: Principal) -> Json:
    return _metadata(prefixed(WORKSPACE, workspace.id), workspace, caller)


def _metadata(resource_id: str, workspace: Workspace, caller: Principal) -> Json:
    """Nobody knows who made a workspace, so the caller is shown as its maker."""
    return account_metadata(
        resource_id, workspace.id, workspace.name, caller.id, workspace.created_ms, workspace.slug
    )
