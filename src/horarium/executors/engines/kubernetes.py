"""The `kubernetes` executor: each run becomes one Job of a Kubernetes cluster. It needs no extra.

    {"server": "kubernetes.example.com:6443", "namespace": "jobs", "token": "...", "ca": "-----BEGIN CERTIFICATE...",
     "spec": {"backoffLimit": 2, "template": {"spec": {"containers": [
         {"name": "report", "image": "registry.example.com/report:1", "args": ["{{ input.customer }}"]}]}}},
     "labels": {"team": "reports"}, "termination_message": true}

The Job is named by the run (`run-01j...`), so a second request for it is answered "AlreadyExists", which counts as
taken. `spec` is a template of the Job's spec. Pods get `restartPolicy: Never` where it says nothing, and the Job is
kept for two days after its end: Kubernetes forgets its name then.

A run is over when the Job exists. If the target's `completion` is `watch`, the run ends with the Job, and cancelling it
deletes the Job with its pods. With `termination_message` the output is what a container has written to
/dev/termination-log.

Requests go through the guarded client and not through a client library of Kubernetes: few kinds of requests are needed,
and each of their connections must be made to the address that was judged.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Seen, Verdict, Watched, WatchedTarget
from horarium.domain.ids import Id
from horarium.executors.checks import check_fields, check_texts
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import context_of, run_label, run_text, shared_id, template_values
from horarium.executors.engines.hosts import check_place, host_and_port
from horarium.executors.engines.http_door import LATER, Answer, EngineHttp, EnginePlace, TooLarge
from horarium.executors.engines.messages import (
    EngineRefused,
    check_flag,
    check_text,
    failed,
    handed_over,
    taken,
)
from horarium.executors.looks import look_at_each
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_bytes, keep_value
from horarium.executors.secrecy import (
    Scrubber,
    check_secrets,
    named_secrets,
    reveal,
    secret_names,
    split,
)
from horarium.executors.template import Render, TemplateError, check_template, compile_value

FIELDS = (
    "server",
    "tls",
    "ca",
    "token",
    "namespace",
    "spec",
    "labels",
    "termination_message",
    "secrets",
)
SECRET_FIELDS = ("token",)
# The label by which all Jobs of a target are found.
TARGET_LABEL = "horarium/target"
RUN_ANNOTATION = "horarium/run"
# How long Kubernetes keeps a Job that has ended, where `spec` does not say it (s).
KEPT_S = 2 * 86_400

_PORT = 6443
# The longest answers that are read (bytes): of one Job, and of a list.
_MOST_READ = 1024 * 1024
_MOST_LISTED = 4 * 1024 * 1024
# From so many runs on, the Jobs of a target are listed instead of asked for one by one; and how many a list has.
_LISTED_FROM = 20
_PAGE = 50
# For how long Jobs are listed, before those that were not seen are asked for one by one (s).
_LISTING_S = 3.0
_LOOKS_AT_ONCE = 10
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_NAME = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
# Statuses by which a cluster says that the same request may succeed later.
_PASSING = (408, 409, 429, 500, 502, 503, 504)


def make(options: ExecutorOptions) -> KubernetesExecutor:
    """Makes the executor. The entry point names this function."""
    return KubernetesExecutor(options)


class KubernetesExecutor:
    """Creates the Jobs of `kubernetes` targets. One instance serves the whole process."""

    type = "kubernetes"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._http = EngineHttp(options)
        self._compiled = CompiledConfigs(_CompiledKubernetes)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Connects to nothing."""
        return [
            *check_fields(config, self.type, FIELDS),
            *check_secrets(config, SECRET_FIELDS),
            *check_place("server", config.get("server"), _PORT),
            *check_flag(config, "tls"),
            *_check_ca(config.get("ca")),
            *check_text(config, "token", longest=16_000),
            *_check_namespace(config.get("namespace")),
            *_check_spec(config),
            *_check_labels(config.get("labels")),
            *check_flag(config, "termination_message"),
        ]

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the server may not be connected to."""
        wrong = self._http.hosts.refusal(workspace_id, *host_and_port(config["server"], _PORT))
        return [Problem("server", f"cannot be used: {wrong}")] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    def watchable(self, config: Mapping[str, Any]) -> bool:
        """Every Job can be watched."""
        return True

    async def execute(self, call: Call) -> Outcome:
        """Creates the Job of a run, or finds that there is one."""
        try:
            compiled = self._compiled.of(call)
            job = compiled.job(call, self._public_url)
        except (BrokenConfiguration, TemplateError, ValueError, TypeError) as error:
            return failed(call, f"the Job could not be made: {error}", retryable=False)
        return await handed_over(call, lambda: self._create(call, compiled, job), self.type)

    async def _create(self, call: Call, compiled: _CompiledKubernetes, job: Mapping[str, Any]) -> Outcome:
        name = job["metadata"]["name"]
        answer = await self._ask(call.reaching_id, compiled, "POST", compiled.jobs, orjson.dumps(job))
        content = answer.content
        shown = {"job": name, "namespace": compiled.namespace}
        # Other conflicts, such as one with a quota that is being written, have other reasons and may pass.
        if answer.status == 409 and content.get("reason") == "AlreadyExists":
            return taken(call, {**shown, "duplicate": True}, name)
        if answer.status not in (200, 201, 202):
            words = f"the cluster did not create the Job: {_said(answer, content)}"
            later = answer.status in LATER
            return failed(call, words, retryable=answer.status in _PASSING, unreached=later)
        _require(content, "Job")
        return taken(call, shown, name)

    def handle_of(self, run_id: Id) -> str:
        """The name of a run's Job."""
        return run_label(run_text(run_id))

    async def watch(self, target: WatchedTarget, runs: Sequence[Watched]) -> Mapping[Id, Seen]:
        """What is seen of the Jobs that do not go on. Raises OSError."""
        compiled = self._compiled.of_watched(target)
        if len(runs) >= _LISTED_FROM:
            going = await self._going(target, compiled, {run.handle for run in runs})
            runs = [run for run in runs if run.handle not in going]
        scrubber = Scrubber(target.secrets.values())

        async def look(run: Watched) -> Outcome | None:
            return await self._look(target, compiled, run.handle, scrubber)

        return await look_at_each(runs, look, _LOOKS_AT_ONCE)

    async def _going(self, target: WatchedTarget, compiled: _CompiledKubernetes, names: set[str]) -> set[str]:
        """Those of the Jobs that go on, as far as the cluster's list of those that have not succeeded shows it."""
        going: set[str] = set()
        with suppress(TimeoutError, TooLarge):  # the others are then asked for one by one
            async with asyncio.timeout(_LISTING_S):
                await self._list(target, compiled, names, going)
        return going

    async def _list(
        self, target: WatchedTarget, compiled: _CompiledKubernetes, names: set[str], going: set[str]
    ) -> None:
        """Add those of the Jobs that go on to `going`, list by list. One that has failed is listed for days."""
        found: set[str] = set()
        query = {
            "labelSelector": f"{TARGET_LABEL}={_label(target.id)}",
            "fieldSelector": "status.successful=0",
            "limit": str(_PAGE),
        }
        while True:
            path = f"{compiled.jobs}?{urlencode(query)}"
            answer = await self._ask(target.workspace_id, compiled, "GET", path, most=_MOST_LISTED)
            content = answer.content
            if answer.status != 200:
                raise _refusal("the cluster did not list the Jobs", answer)
            _require(content, "JobList")
            for job in _parts(content, "items"):
                name = _part(job, "metadata").get("name")
                if isinstance(name, str) and name in names:
                    found.add(name)
                    with suppress(EngineRefused):  # it is then asked for by itself
                        if ending(job) is None:
                            going.add(name)
            more = _part(content, "metadata").get("continue")
            if not more or found == names:
                return
            query["continue"] = str(more)

    async def _look(
        self, target: WatchedTarget, compiled: _CompiledKubernetes, name: str, scrubber: Scrubber
    ) -> Outcome | None:
        answer = await self._ask(
            target.workspace_id, compiled, "GET", f"{compiled.jobs}/{quote(name, safe='')}"
        )
        content = answer.content
        if answer.status == 404:
            words = "the cluster does not know the Job any more: it was deleted, or its time there is over"
            return Outcome(Verdict.FAILED, error=words, unknown=True)
        if answer.status != 200:
            raise _refusal("the cluster did not show the Job", answer)
        _require(content, "Job")
        end = ending(content)
        if end is None:
            return None
        succeeded, reason = end
        output = keep_value(_part(content, "status"), self._limit, scrubber)
        if compiled.termination_message:
            output = await self._message(target, compiled, name, scrubber)
        if succeeded:
            return Outcome(Verdict.SUCCEEDED, output=output)
        return Outcome(Verdict.FAILED, output, error_text(f"the Job failed{reason}", scrubber))

    async def _message(
        self, target: WatchedTarget, compiled: _CompiledKubernetes, name: str, scrubber: Scrubber
    ) -> Any:
        """What a container of the Job's latest pod has left as its termination message; None is nothing."""
        query = urlencode({"labelSelector": f"batch.kubernetes.io/job-name={name}", "limit": str(_PAGE)})
        path = f"{compiled.pods}?{query}"
        try:
            answer = await self._ask(target.workspace_id, compiled, "GET", path, most=_MOST_LISTED)
        except TooLarge as error:
            return f"the pods of the Job could not be read: {error}"
        content = answer.content
        if answer.status != 200:
            return f"the pods of the Job could not be read: {_said(answer, content)}"
        pods = sorted(_parts(content, "items"), key=lambda pod: str(_part(pod, "status").get("startTime")))
        for pod in reversed(pods):
            for container in _parts(_part(pod, "status"), "containerStatuses"):
                message = _part(_part(container, "state"), "terminated").get("message")
                if message:
                    return keep_bytes(str(message).encode(), self._limit, scrubber)
        return None

    async def cancel(self, target: WatchedTarget, run: Watched) -> None:
        """Deletes the Job and its pods. Raises OSError."""
        compiled = self._compiled.of_watched(target)
        path, body = f"{compiled.jobs}/{quote(run.handle, safe='')}", {"propagationPolicy": "Background"}
        answer = await self._ask(target.workspace_id, compiled, "DELETE", path, orjson.dumps(body))
        if answer.status not in (200, 202, 404):
            raise _refusal("the cluster did not delete the Job", answer)

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.close()

    async def _ask(
        self,
        workspace_id: Id,
        compiled: _CompiledKubernetes,
        method: str,
        path: str,
        body: bytes | None = None,
        most: int = _MOST_READ,
    ) -> Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if compiled.token is not None:
            headers["Authorization"] = f"Bearer {compiled.token}"
        return await self._http.request(workspace_id, compiled.place, method, path, headers, body, most)


def ending(job: Any) -> tuple[bool, str] | None:
    """Whether a Job has succeeded, and the end of a sentence that says why not; None while it goes on. Raises
    EngineRefused for what is no Job. Pure."""
    for condition in _parts(_part(job, "status"), "conditions"):
        if not isinstance(condition, Mapping) or condition.get("status") != "True":
            continue
        if condition.get("type") == "Complete":
            return True, ""
        if condition.get("type") == "Failed":
            said = [str(condition[part]) for part in ("reason", "message") if condition.get(part)]
            return False, "".join(f": {words}" for words in said)
    return None


def _label(target_id: Id) -> str:
    """A target's id as the value of a label."""
    return shared_id("tgt", target_id).replace("_", "-").lower()


def _part(value: Any, name: str) -> Mapping[str, Any]:
    """An object within an object of an answer; empty where there is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _parts(value: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list within an object of an answer; empty where there is none. Raises EngineRefused for what is none."""
    found = value.get(name)
    if found is not None and not isinstance(found, list):
        raise EngineRefused(f"what answers there is no Kubernetes: its {name} are no list")
    return found or ()


def _said(answer: Answer, content: Mapping[str, Any]) -> str:
    """What an answer says of a request that was not done."""
    return str(content.get("message") or f"it answered {answer.status}")


def _require(content: Mapping[str, Any], kind: str) -> None:
    """Raises EngineRefused where an answer does not show what was asked for."""
    if content.get("kind") != kind:
        shown = {"Job": "Job", "JobList": "list of Jobs"}[kind]
        raise EngineRefused(f"what answers there is no Kubernetes: it shows no {shown}")


def _refusal(words: str, answer: Answer) -> OSError:
    """What is raised for an answer to a look or a cancellation. One that passes by itself is no refusal."""
    kind = OSError if answer.status in _PASSING else EngineRefused
    return kind(f"{words}: {_said(answer, answer.content)}")


def _check_ca(given: Any) -> list[Problem]:
    if given is None:
        return []
    if not isinstance(given, str) or len(given) > 100_000:
        return [Problem("ca", "must be certificates as PEM", "type")]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=given)
    except (ssl.SSLError, TypeError, ValueError):
        return [Problem("ca", "must be certificates as PEM: -----BEGIN CERTIFICATE----- and so on")]
    return []


def _check_namespace(given: Any) -> list[Problem]:
    if given is None or (isinstance(given, str) and _DNS_LABEL.fullmatch(given)):
        return []
    return [Problem("namespace", "must be the name of a namespace: small letters, digits and hyphens")]


def _check_spec(config: Mapping[str, Any]) -> list[Problem]:
    spec = config.get("spec")
    if not isinstance(spec, Mapping):
        return [Problem("spec", "is required: the spec of the Job", "required")]
    problems = check_template(spec, "spec", secret_names(config))
    if problems:
        return problems
    containers = _part(_part(spec, "template"), "spec").get("containers")
    if not isinstance(containers, list) or not containers:
        return [
            Problem("spec.template.spec.containers", "is required: the containers of the Job", "required")
        ]
    return []


def _check_labels(given: Any) -> list[Problem]:
    problems = check_texts(given, "labels", 50)
    if problems or given is None:
        return problems
    if all(
        _LABEL_NAME.fullmatch(name) and _LABEL_VALUE.fullmatch(value) and name != TARGET_LABEL
        for name, value in given.items()
    ):
        return []
    return [Problem("labels", f"must be names and values as Kubernetes allows them, and not {TARGET_LABEL}")]


class _CompiledKubernetes:
    """A checked configuration, ready for runs."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        host, port = host_and_port(config["server"], _PORT)
        self.place = EnginePlace(host, port, config.get("tls") is not False, config.get("ca"))
        self.token: str | None = config.get("token")
        self.namespace: str = config.get("namespace") or "default"
        self.jobs = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        self.pods = f"/api/v1/namespaces/{self.namespace}/pods"
        self.termination_message = bool(config.get("termination_message"))
        self._labels: Mapping[str, str] = config.get("labels") or {}
        self._named = named_secrets(config)
        self._spec: Render = compile_value(config["spec"])

    def job(self, call: Call, public_url: str | None) -> dict[str, Any]:
        """The Job of a run. Raises TemplateError."""
        run = run_text(call.run_id)
        values = template_values(call, context_of(call, run, public_url), self._named)
        spec = {"ttlSecondsAfterFinished": KEPT_S, **self._spec(values)}
        template = {**_part(spec, "template")}
        template["spec"] = {"restartPolicy": "Never", **_part(template, "spec")}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": run_label(run),
                "labels": {**self._labels, TARGET_LABEL: _label(call.target_id)},
                "annotations": {RUN_ANNOTATION: run},
            },
            "spec": {**spec, "template": template},
        }
