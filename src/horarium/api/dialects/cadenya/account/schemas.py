"""The schemas of what is about the caller."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.api.dialects.cadenya.schemas import ANY_OBJECT, page_of
from horarium.api.kit.schemas import TEXT, Schema, object_of, ref

_ACCOUNT_METADATA = ref("AccountMetadata")

SCHEMAS: Mapping[str, Schema] = {
    "Whoami": object_of({"profile": ref("Profile"), "defaultWorkspace": _ACCOUNT_METADATA}, "profile"),
    "Account": object_of({"metadata": _ACCOUNT_METADATA, "spec": ANY_OBJECT, "info": ANY_OBJECT}, "metadata"),
    "Workspace": object_of(
        {"metadata": _ACCOUNT_METADATA, "spec": ANY_OBJECT, "status": TEXT}, "metadata status"
    ),
    "Workspaces": page_of("Workspace"),
}
