"""All use cases over one store and one clock. The API and its dialects are given these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from horarium.domain.audience import Source
from horarium.domain.execution import Executor
from horarium.domain.refused_hosts import RefusedHosts
from horarium.domain.webhooks import EventPost
from horarium.service.actions import ActionService
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.audiences import AudienceService
from horarium.service.audit import AuditService
from horarium.service.clock import Clock
from horarium.service.directory import DirectoryService
from horarium.service.environments import EnvironmentService
from horarium.service.erasures import ErasureService
from horarium.service.events import EventService
from horarium.service.explain import ExplainService
from horarium.service.idempotency import IdempotencyService
from horarium.service.identity import IdentityService
from horarium.service.metrics import Metrics
from horarium.service.nodes import NodeService
from horarium.service.objectives import ObjectiveService
from horarium.service.overview import OverviewService
from horarium.service.pauses import PauseService
from horarium.service.purges import PurgeService
from horarium.service.rates import Rates
from horarium.service.readiness import Readiness
from horarium.service.recording import Recording
from horarium.service.runs import KeepAnswer, RunService
from horarium.service.schedules import ScheduleService
from horarium.service.searches import SearchService
from horarium.service.sent_requests import SentRequestService
from horarium.service.sharing import SharingService
from horarium.service.targets import MergeSecrets, TargetService
from horarium.service.tenancy import TenancyService
from horarium.service.totals import TotalService
from horarium.service.tried_calls import TriedCallService
from horarium.service.webhooks import WebhookService
from horarium.service.windows import WindowService
from horarium.service.wrong_keys import WrongKeys
from horarium.settings import Settings
from horarium.store.base import Store
from horarium.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Services:
    """One service for each kind of thing, and what they share."""

    store: Store
    vault: Vault
    executors: Mapping[str, Executor]
    clock: Clock
    settings: Settings
    metrics: Metrics
    identities: IdentityService
    rates: Rates
    wrong_keys: WrongKeys
    tenancy: TenancyService
    targets: TargetService
    tried_calls: TriedCallService
    sent_requests: SentRequestService
    schedules: ScheduleService
    runs: RunService
    explain: ExplainService
    searches: SearchService
    actions: ActionService
    idempotency: IdempotencyService
    audiences: AudienceService
    directory: DirectoryService
    objectives: ObjectiveService
    environments: EnvironmentService
    audit: AuditService
    erasures: ErasureService
    nodes: NodeService
    overview: OverviewService
    pauses: PauseService
    windows: WindowService
    purges: PurgeService
    sharing: SharingService
    totals: TotalService
    readiness: Readiness
    recording: Recording
    events: EventService
    webhooks: WebhookService


def make_services(
    store: Store,
    vault: Vault,
    executors: Mapping[str, Executor],
    clock: Clock,
    settings: Settings,
    merge_secrets: MergeSecrets,
    keep_answer: KeepAnswer,
    sources: Mapping[str, Source] | None = None,
    allowed_hosts: AllowedHosts | None = None,
    refused_hosts: RefusedHosts | None = None,
    *,
    post: EventPost,
) -> Services:
    """The use cases over one store.

    `executors` and `sources` (of audiences) are by type. `merge_secrets` fills in the stored secrets that a
    configuration keeps by `***`. `keep_answer` makes what a target answers by callback fit to be stored.
    `allowed_hosts` are the lists that executors and sources ask for. `refused_hosts` is where they note what was
    refused. `post` sends events to webhooks.
    """
    identities = IdentityService(store, clock)
    audit = AuditService(store, clock, refused_hosts or RefusedHosts())
    recording = Recording(store, clock)
    environments = EnvironmentService(vault)
    rates = Rates(clock, settings.rate_limit)
    targets = TargetService(store, vault, executors, clock, identities, merge_secrets)
    audiences = AudienceService(store, vault, sources or {}, clock, merge_secrets)
    return Services(
        store=store,
        vault=vault,
        executors=executors,
        clock=clock,
        settings=settings,
        metrics=Metrics(store, clock),
        identities=identities,
        wrong_keys=WrongKeys(clock),
        rates=rates,
        tenancy=TenancyService(store, clock, identities, allowed_hosts or AllowedHosts(store)),
        targets=targets,
        tried_calls=TriedCallService(store, clock, executors, targets),
        sent_requests=SentRequestService(store, executors, targets, environments, settings.reached_at),
        schedules=ScheduleService(store, clock, rates),
        runs=RunService(store, clock, vault, keep_answer, settings.response_limit),
        explain=ExplainService(store, clock),
        searches=SearchService(store),
        actions=ActionService(store, clock, rates),
        idempotency=IdempotencyService(store, clock),
        audiences=audiences,
        directory=DirectoryService(store, clock),
        objectives=ObjectiveService(store),
        environments=environments,
        audit=audit,
        erasures=ErasureService(store, clock, audit),
        nodes=NodeService(store, clock),
        overview=OverviewService(store, clock),
        pauses=PauseService(store, clock),
        windows=WindowService(store, clock),
        purges=PurgeService(store, clock, identities),
        sharing=SharingService(store, clock, targets, audiences),
        totals=TotalService(store),
        readiness=Readiness(store, clock),
        recording=recording,
        events=EventService(store, clock, recording, settings.event_streams),
        webhooks=WebhookService(store, vault, clock, post, recording, rates),
    )
