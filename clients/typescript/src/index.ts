/**
 * The client of a Horarium server.
 *
 *     const horarium = new Horarium({ url: "https://horarium.example.com", key: "hor_..." });
 *     const schedule = await horarium.ok(horarium.api.PUT("/schedules/by-key/{key}", {
 *       params: { path: { key: "customer-7/digest" } },
 *       body: { name: "Digest", recurrence: "0 9 * * MON-FRI", timezone: "Europe/Paris", target: "digest" },
 *     }));
 *     for await (const run of horarium.pages("/runs", { schedule: schedule.id })) console.log(run.id, run.state);
 */
import createClient, { type Client } from "openapi-fetch";
import { HorariumError, type Problem } from "./errors.js";
import { EventForgotten, isForgotten, mayPass, messages, pause, waitBeforeReturn } from "./following.js";
import { KEYED } from "./generated/keyed.js";
import type { components, paths } from "./generated/schema.js";
import { DOUBT, isDoubtful, retrying } from "./retry.js";

export { HorariumError, type Problem } from "./errors.js";
export { EventForgotten } from "./following.js";
export type { components, paths } from "./generated/schema.js";
export { InvalidSignature, verifyWebhook } from "./webhooks.js";

const BASE = "/horarium/v1";
/** Lines of a bulk request that are sent together. */
const LINES = 1_000;

/** The paths of lists that have pages. */
export type ListPath = {
  [P in keyof paths]: paths[P] extends {
    get: { parameters: { query?: { cursor?: string } }; responses: { 200: { content: { "application/json": { items: unknown[] } } } } };
  }
    ? P
    : never;
}[keyof paths];

type Page<P extends ListPath> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

/** An item of a list. */
export type Item<P extends ListPath> = Page<P> extends { items: (infer One)[] } ? One : never;

/** The filters of a list. */
export type Filters<P extends ListPath> = paths[P] extends { get: { parameters: { query?: infer Query } } } ? Query : never;

/** Which events are followed. */
export interface Followed {
  /** A type such as `fire.failed`, or all of one kind: `fire.*`. */
  type?: string;
  /** `name:value` that the schedule carries. */
  label?: string[];
  /** Id of a schedule. */
  schedule?: string;
  /** Key of a schedule. */
  schedule_key?: string;
  /** Id of the event to go on after; without it, events come from now on. */
  after?: string;
  /** Ends the following. */
  signal?: AbortSignal;
}

export interface Options {
  /** The address of the server. */
  url: string;
  /** An API key (`hor_...`). */
  key: string;
  /** Id of the workspace that a key of the whole server acts in. */
  workspace?: string;
  /** How often a request is tried that may be repeated; 4 where it is left out. */
  attempts?: number;
  /** Sends requests; the platform's own `fetch` where it is left out. */
  fetch?: typeof fetch;
}

/** A client of one server with one key. */
export class Horarium {
  /** Every operation by its method and path, typed from the description. */
  readonly api: Client<paths>;
  /** Events as they happen. */
  readonly events = { follow: (followed: Followed = {}) => this.#follow(followed) };
  readonly #send: (request: Request) => Promise<Response>;
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ url, key, workspace, attempts = 4, fetch: send = fetch }: Options) {
    this.#base = url.replace(/\/+$/, "") + BASE;
    this.#headers = { Authorization: `Bearer ${key}`, ...(workspace === undefined ? {} : { "Horarium-Workspace": workspace }) };
    this.#send = retrying(send, attempts);
    this.api = createClient<paths>({ baseUrl: this.#base, headers: this.#headers, fetch: this.#send });
    this.api.use({
      onRequest({ request, schemaPath }) {
        if (request.method === "POST" && KEYED.includes(schemaPath) && !request.headers.has("Idempotency-Key")) {
          request.headers.set("Idempotency-Key", crypto.randomUUID());
        }
        return request;
      },
    });
  }

  /** The data of an answer. Throws a HorariumError where the request was not carried out. */
  async ok<Data>(answer: Promise<{ data?: Data; error?: unknown; response: Response }>): Promise<NonNullable<Data>> {
    const { data, error, response } = await answer;
    if (!response.ok) throw failure(response, error);
    return data as NonNullable<Data>;
  }

  /** The items of a list over all of its pages. */
  async *pages<P extends ListPath>(
    path: P,
    query: Filters<P> = {} as Filters<P>,
    pathParameters: Record<string, string> = {},
  ): AsyncGenerator<Item<P>, void, undefined> {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(pathParameters[name] ?? ""));
    let cursor: string | null | undefined;
    do {
      const address = new URL(this.#base + filled);
      for (const [name, value] of Object.entries({ ...(query as object), cursor })) {
        for (const each of Array.isArray(value) ? value : [value]) {
          if (each !== undefined && each !== null) address.searchParams.append(name, String(each));
        }
      }
      const response = await this.#send(new Request(address, { headers: this.#headers }));
      const page = await this.#json<{ items: Item<P>[]; next_cursor?: string | null }>(response);
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** Makes schedules, or with `mode: "upsert"` updates those whose key exists; a result for each, in their order. */
  async *bulk(
    schedules: Iterable<components["schemas"]["ScheduleBody"]>,
    { mode = "create" }: { mode?: "create" | "upsert" } = {},
  ): AsyncGenerator<components["schemas"]["BulkLine"], void, undefined> {
    let before = 0;
    for (const piece of pieces(schedules, LINES)) {
      const request = new Request(`${this.#base}/schedules/bulk?mode=${mode}`, {
        method: "POST",
        headers: { ...this.#headers, "Content-Type": "application/x-ndjson" },
        body: piece.map((one) => JSON.stringify(one)).join("\n"),
      });
      const response = await this.#send(request);
      if (!response.ok) await this.#json(response);
      for (const line of (await response.text()).split("\n")) {
        if (!line) continue;
        const result = JSON.parse(line) as components["schemas"]["BulkLine"];
        yield { ...result, line: result.line + before };
      }
      before += piece.length;
    }
  }

  /** Events as they happen. A connection that breaks is made anew after growing pauses, and goes on after the last event. */
  async *#follow({ after, signal, ...wanted }: Followed): AsyncGenerator<Item<"/events">, void, undefined> {
    let last = after;
    if (last === undefined) {
      // So that nothing is missed if the connection breaks before the first event.
      for await (const newest of this.pages("/events", { limit: 1 })) {
        last = newest.id;
        break;
      }
    }
    const address = new URL(`${this.#base}/events`);
    for (const [name, value] of Object.entries(wanted)) {
      for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) address.searchParams.append(name, each);
    }
    let opened = false;
    for (let failures = 0; !signal?.aborted; ) {
      const connection = new AbortController();
      const end = () => connection.abort();
      signal?.addEventListener("abort", end);
      try {
        if (opened && last === undefined) {
          // There was no event at the beginning, so all that there are came since.
          for await (const event of this.pages("/events", { ...wanted, order: "oldest" })) {
            last = event.id;
            yield event;
          }
        }
        const headers = new Headers({ ...this.#headers, Accept: "text/event-stream" });
        if (last !== undefined) headers.set("Last-Event-ID", last);
        const response = await this.#send(new Request(address, { headers, signal: connection.signal }));
        if (!response.ok) await this.#json(response);
        opened = true;
        for await (const { id, data } of messages(response, connection, () => (failures = 0))) {
          last = id ?? last;
          if (data !== undefined) yield JSON.parse(data) as Item<"/events">;
        }
      } catch (raised) {
        if (signal?.aborted) return;
        const error = raised instanceof HorariumError ? raised : new HorariumError(0, undefined, undefined, { cause: raised });
        if (isForgotten(error)) throw new EventForgotten(last, error);
        if (!opened || !mayPass(error)) throw error;
      } finally {
        signal?.removeEventListener("abort", end);
      }
      await pause(waitBeforeReturn(++failures), signal);
    }
  }

  async #json<Body>(response: Response): Promise<Body> {
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw failure(response, body);
    return body as Body;
  }
}

function failure(response: Response, body: unknown): HorariumError {
  const problem = typeof body === "object" && body !== null ? (body as Problem) : undefined;
  return new HorariumError(response.status, problem, response.headers.get("X-Request-Id") ?? undefined, {
    doubt: isDoubtful(response) ? DOUBT : undefined,
  });
}

function* pieces<One>(all: Iterable<One>, size: number): Generator<One[]> {
  let piece: One[] = [];
  for (const one of all) {
    piece.push(one);
    if (piece.length === size) {
      yield piece;
      piece = [];
    }
  }
  if (piece.length) yield piece;
}
