"""The files in deploy/ fit the server: its settings, its port, its probes, and the time that it takes to stop."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from horarium.settings import Settings, load_settings
from tests.support.house import House

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
USER = 10_001
# Requests that are under way may take `drain` to end, attempts that are under way as long again.
STOPS_WITHIN_S = 2 * Settings().drain
# What an operator fills in.
GIVEN = {
    "HORARIUM_SECRET_KEY": b64encode(bytes(32)).decode(),
    "HORARIUM_ADMIN_KEY": f"hor_{'0' * 64}",
    "POSTGRES_PASSWORD": "secret",
}


def documents(path: Path) -> list[Any]:
    return [*yaml.safe_load_all(path.read_text("utf-8"))]


def manifest(name: str) -> Any:
    (found,) = documents(KUBERNETES / name)
    return found


def filled_in(text: str) -> str:
    """A value of a compose file with the operator's variables and the defaults filled in."""
    return re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: found[2] or GIVEN[found[1]], text)


def settings_in(variables: Mapping[str, Any]) -> Settings:
    """The settings that a server would have with these variables. Raises Invalid."""
    return load_settings({}, {name: filled_in(str(value)) for name, value in variables.items()})


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_starts_servers_as_they_can_be_started(path: Path) -> None:
    (found,) = documents(path)
    server = found["services"]["horarium"]
    settings = settings_in(server["environment"])
    assert (ROOT / server["build"]["dockerfile"]).is_file()
    assert server["read_only"] is True
    assert server["cap_drop"] == ["ALL"]
    assert seconds(server["stop_grace_period"]) > STOPS_WITHIN_S
    published = [port for service in found["services"].values() for port in service.get("ports", ())]
    assert published == [f"127.0.0.1:{settings.port}:{settings.port}"]
    on_sqlite = settings.sqlite_folder is not None
    assert ("postgres" not in found["services"]) == on_sqlite
    # The data folder is a volume where it holds the database, and else private memory: nothing else can be written.
    places = server.get("volumes", []) + server["tmpfs"]
    assert any(re.split(":", place)[-1 if on_sqlite else 0] == "/data" for place in places)
    assert "/tmp" in server["tmpfs"]


def test_three_nodes_believe_their_proxy_and_nobody_else() -> None:
    (found,) = documents(DEPLOY / "compose.three-nodes.yaml")
    server, network = found["services"]["horarium"], found["networks"]["default"]["ipam"]["config"][0]
    settings = settings_in(server["environment"])
    assert server["deploy"]["replicas"] == 3
    assert settings.trusted_proxies == (network["subnet"],)
    assert settings.connections_per_address == 0
    (mounted,) = found["services"]["nginx"]["volumes"]
    assert (DEPLOY / mounted.split(":")[0]).is_file()


def kubernetes_container() -> Any:
    (container,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    return container


def test_the_pods_have_the_settings_that_they_need() -> None:
    plain = {item["name"]: item["value"] for item in kubernetes_container()["env"] if "value" in item}
    settings = settings_in({**plain, **manifest("secret.yaml")["stringData"], **GIVEN})
    assert settings.sqlite_folder is None
    assert settings.secret_key is not None
    assert kubernetes_container()["ports"] == [{"name": "http", "containerPort": settings.port}]
    assert manifest("service.yaml")["spec"]["ports"][0]["targetPort"] == "http"


def test_pods_are_private_and_have_the_time_to_stop() -> None:
    pod = manifest("deployment.yaml")["spec"]["template"]["spec"]
    (_, pause) = kubernetes_container()["lifecycle"]["preStop"]["exec"]["command"]
    assert pod["terminationGracePeriodSeconds"] > STOPS_WITHIN_S + int(pause)
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsUser"] == USER
    assert kubernetes_container()["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in kubernetes_container()["volumeMounts"]} == {"/data", "/tmp"}


def test_the_service_and_the_disruption_budget_mean_the_pods_of_the_deployment() -> None:
    labels = manifest("deployment.yaml")["spec"]["template"]["metadata"]["labels"]
    assert manifest("deployment.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("service.yaml")["spec"]["selector"] == labels
    budget = manifest("disruption-budget.yaml")["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert 0 < budget["maxUnavailable"] < manifest("deployment.yaml")["spec"]["replicas"]


def test_all_manifests_but_the_example_of_a_secret_are_applied() -> None:
    applied = set(manifest("kustomization.yaml")["resources"])
    assert applied == {path.name for path in KUBERNETES.glob("*.yaml")} - {
        "kustomization.yaml",
        "secret.yaml",
    }


def probes() -> Iterator[tuple[str, str]]:
    """What asks whether a server is well, and where."""
    for name, probe in kubernetes_container().items():
        if name.endswith("Probe"):
            yield name, probe["httpGet"]["path"]
    yield "Containerfile", re.search(r"127\.0\.0\.1:\d+(/\w+)", CONTAINERFILE)[1]  # type: ignore[index]
    yield "Caddyfile", re.search(r"health_uri (/\w+)", (DEPLOY / "proxy/Caddyfile").read_text())[1]  # type: ignore[index]


async def test_a_server_answers_all_probes_without_a_key() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house:
        for name, path in probes():
            answer = await house.client.get(path, headers={"Authorization": ""})
            assert answer.status_code == 200, (name, path, answer.text)


def test_a_pod_is_not_restarted_because_its_database_is_away() -> None:
    assert kubernetes_container()["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert kubernetes_container()["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_image_is_what_the_settings_say() -> None:
    variables = dict(re.findall(r"\b(HORARIUM_\w+)=(\S+)", CONTAINERFILE))
    settings = settings_in(variables)
    assert settings.data == Path("/data")
    assert settings.host == "0.0.0.0"
    assert f"EXPOSE {settings.port}\n" in CONTAINERFILE
    assert f"http://127.0.0.1:{settings.port}/" in CONTAINERFILE
    assert f"USER {USER}:{USER}" in CONTAINERFILE
    assert f"chown {USER}:{USER} /data" in CONTAINERFILE


def test_the_image_is_built_of_files_that_exist() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"pyproject.toml", "constraints.txt", "src"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(names)
    extras = re.search(r"ARG EXTRAS=\[(.+)\]", CONTAINERFILE)[1].split(",")  # type: ignore[index]
    assert set(extras) <= set(project()["project"]["optional-dependencies"])


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_package_holds_every_file_that_the_program_reads() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]["horarium"]
    package = ROOT / "src" / "horarium"
    names = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    # fnmatch lets * match a slash as well, as setuptools does for **/.
    left_out = [name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    assert left_out == []
    assert any(name.startswith("console/templates/") for name in names)


def unit(name: str = "horarium") -> dict[str, str]:
    """The last value of each line of a service."""
    text = (DEPLOY / f"systemd/{name}.service").read_text("utf-8")
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_the_service_has_the_settings_that_its_folder_needs() -> None:
    lines = (DEPLOY / "systemd/horarium.env").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = settings_in({**dict(re.findall(r"(\w+)=(\S+)", unit()["Environment"])), **given})
    assert settings.data == Path("/var/lib") / unit()["StateDirectory"]
    assert float(unit()["TimeoutStopSec"]) > STOPS_WITHIN_S
    assert unit()["ExecStart"].endswith("/horarium serve")
    # What is commented out has to be right as well.
    offered = dict(line[1:].split("=", 1) for line in lines if re.match(r"#\w+=", line))
    assert settings_in({**given, **offered, **GIVEN}).sqlite_folder is None


def test_the_watchdog_runs_as_the_server_does_and_reads_its_settings() -> None:
    server, watchdog = unit(), unit("horarium-watchdog")
    own = {"Description", "After", "ExecStart", "TimeoutStopSec"}
    assert {name for name in server.keys() | watchdog if server.get(name) != watchdog.get(name)} == own
    assert watchdog["ExecStart"].endswith("/horarium watchdog")


def test_the_proxies_let_through_what_the_server_accepts() -> None:
    nginx = (DEPLOY / "proxy/nginx.conf").read_text("utf-8")
    sizes = [int(size) << 20 for size in re.findall(r"client_max_body_size (\d+)m;", nginx)]
    assert sizes == [Settings().body_limit, Settings().bulk_limit]
    caddy = (DEPLOY / "proxy/Caddyfile").read_text("utf-8")
    assert re.findall(r"health_uri (\S+)", caddy) == ["/readyz"]  # not a server whose database is away
    assert f"max_size {Settings().bulk_limit >> 20}MiB" in caddy
    for text in (nginx, caddy):
        assert f"127.0.0.1:{Settings().port}" in text
        assert "X-Request-Id" in text
    # What a client claims to be is replaced and not appended to; Caddy does so by itself.
    assert set(re.findall(r"X-Forwarded-For (\S+);", nginx)) == {"$remote_addr"}
