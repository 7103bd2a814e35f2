import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, inject, it } from "vitest";
import { main } from "../examples/product.js";
import { EventForgotten, Horarium, HorariumError, InvalidSignature, verifyWebhook } from "../src/index.js";
import { waitBeforeReturn } from "../src/following.js";
import { KEYED } from "../src/generated/keyed.js";
import { waitBeforeRetry } from "../src/retry.js";

const url = inject("url");
const key = inject("key");
const body = { name: "Digest", recurrence: "0 9 * * *", target: "digest" };

async function prepared(): Promise<Horarium> {
  const horarium = new Horarium({ url, key });
  const executor = { type: "http", url: "https://example.com/hook" };
  const target = { name: "Digest", kind: "automation" as const, executor };
  await horarium.ok(horarium.api.PUT("/targets/by-key/{key}", { params: { path: { key: "digest" } }, body: target }));
  return horarium;
}

/** `fetch` that answers by script and remembers what was asked. */
function played(...answers: (Response | Error)[]): { fetch: typeof fetch; asked: Request[] } {
  const asked: Request[] = [];
  return {
    asked,
    fetch: async (request) => {
      asked.push(request as Request);
      const answer = answers.shift();
      if (!answer || answer instanceof Error) throw answer ?? new Error("nothing more was expected");
      return answer;
    },
  };
}

const soon = { headers: { "Retry-After": "0" } };

describe("against a server", () => {
  it("does the whole list of a product", async () => {
    const said: string[] = [];
    await main(url, key, (...words) => said.push(words.map((word) => (word instanceof Set ? [...word] : word)).join(" ")));
    expect(said.some((line) => line.startsWith("recurrence.hour"))).toBe(true);
    expect(said).toContain("50 lines: created");
    expect(said.some((line) => line.startsWith("somebody else was first"))).toBe(true);
    expect(said.at(-1)).toBe("gone");
  });

  it("reads lists over all of their pages", async () => {
    const horarium = await prepared();
    const lines = Array.from({ length: 7 }, (_, n) => ({ ...body, key: `page-${n}`, labels: { of: "pages" } }));
    const results = [];
    for await (const line of horarium.bulk(lines, { mode: "upsert" })) results.push([line.line, line.result]);
    expect(results).toEqual(lines.map((_, n) => [n + 1, "created"]));
    const keys = [];
    for await (const one of horarium.pages("/schedules", { label: ["of:pages"], limit: 3, sort: "asc" })) keys.push(one.key);
    expect(keys).toEqual(lines.map((line) => line.key));
  });

  it("says what is wrong with which field", async () => {
    const horarium = await prepared();
    const error = await horarium.ok(horarium.api.POST("/schedules", { body: { ...body, recurrence: "0 25 * * *" } })).catch((e) => e);
    expect(error).toBeInstanceOf(HorariumError);
    expect([error.status, error.errors[0].field, Boolean(error.requestId)]).toEqual([400, "recurrence.hour", true]);
  });
});

describe("retries", () => {
  it("uses the same idempotency key for all attempts", async () => {
    const { fetch, asked } = played(
      new Response(null, { status: 503, ...soon }),
      new Response(null, { status: 429, ...soon }),
      Response.json({ id: "sch_1" }, { status: 201 }),
    );
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    expect((await horarium.ok(horarium.api.POST("/schedules", { body }))).id).toBe("sch_1");
    expect(new Set(asked.map((request) => request.headers.get("Idempotency-Key"))).size).toBe(1);
    expect(asked.length).toBe(3);
  });

  it("asks again under one key for an action whose answer was lost", async () => {
    const { fetch, asked } = played(new TypeError("the connection broke"), Response.json({ id: "act_1" }, { status: 202 }));
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    await horarium.ok(horarium.api.POST("/schedules/actions", { body: { action: "fire", filter: {} } }));
    expect(asked.length).toBe(2);
    expect(new Set(asked.map((request) => request.headers.get("Idempotency-Key"))).size).toBe(1);
  });

  it("gives up after some attempts", async () => {
    const { fetch, asked } = played(...Array.from({ length: 3 }, () => Response.json({ detail: "not now" }, { status: 503, ...soon })));
    const horarium = new Horarium({ url: "http://test", key: "hor_x", attempts: 3, fetch });
    await expect(horarium.ok(horarium.api.GET("/me"))).rejects.toThrow("not now");
    expect(asked.length).toBe(3);
  });

  it("does not send twice what may have been done", async () => {
    const { fetch, asked } = played(new TypeError("the connection broke"));
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    const cancelled = horarium.api.POST("/runs/{id}/cancel", { params: { path: { id: "run_1" } } });
    await expect(horarium.ok(cancelled)).rejects.toMatchObject({ status: 0 });
    expect(asked.length).toBe(1);
  });

  const missing = { type: "urn:horarium:problem:not-found", detail: "schedule not found" };
  const removed = (fetch: typeof globalThis.fetch) => {
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    return horarium.ok(horarium.api.DELETE("/schedules/{id}", { params: { path: { id: "sch_1" } } }));
  };

  it("does not miss what an earlier try may have deleted", async () => {
    for (const lost of [new TypeError("the connection broke"), new Response(null, { status: 502, ...soon })]) {
      const { fetch, asked } = played(lost, Response.json(missing, { status: 404 }));
      await removed(fetch);
      expect(asked.length).toBe(2);
    }
  });

  it("misses what no try can have deleted", async () => {
    for (const answers of [
      [Response.json(missing, { status: 404 })],
      [new Response(null, { status: 429, ...soon }), Response.json(missing, { status: 404 })],
      [new TypeError("the connection broke"), new Response("default backend", { status: 404 })],
      [new TypeError("the connection broke"), Response.json({ ...missing, type: "urn:horarium:problem:no-route" }, { status: 404 })],
    ]) {
      await expect(removed(played(...answers).fetch)).rejects.toMatchObject({ status: 404 });
    }
  });

  it("says where an earlier try may have caused an error", async () => {
    const stale = () => Response.json({ detail: "the schedule is at version 2, not 1" }, { status: 409 });
    const { fetch } = played(new TypeError("the connection broke"), stale(), stale());
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    const put = () =>
      horarium.ok(
        horarium.api.PUT("/schedules/by-key/{key}", { params: { path: { key: "a" }, header: { "If-Match": "1" } }, body }),
      );
    await expect(put()).rejects.toThrow("not 1 (an earlier try of this request had no answer and may have been carried out)");
    await expect(put()).rejects.toThrow(/not 1$/);
    const refused = new Response(null, { status: 429, ...soon });
    const meanwhile = played(new TypeError("the connection broke"), refused, Response.json(missing, { status: 404 }));
    await removed(meanwhile.fetch);
    expect(meanwhile.asked.length).toBe(3);
    const gone = new Horarium({
      url: "http://test",
      key: "hor_x",
      fetch: played(new TypeError("the connection broke"), Response.json(missing, { status: 404 })).fetch,
    });
    await expect(gone.ok(gone.api.DELETE("/workspaces/{id}", { params: { path: { id: "ws_1" } } }))).rejects.toThrow("earlier");
  });

  it("waits longer and longer, or as long as the server asks", () => {
    expect(waitBeforeRetry(true, 503, "7", 1)).toBe(7000);
    expect(waitBeforeRetry(true, 503, "Thu, 01 Jan 1970 00:01:00 GMT", 1, 20_000)).toBe(40_000);
    expect(waitBeforeRetry(false, 429, "7", 1)).toBe(7000);
    expect(waitBeforeRetry(false, 503, null, 1)).toBeUndefined();
    expect(waitBeforeRetry(true, 404, null, 1)).toBeUndefined();
    expect(waitBeforeRetry(true, 0, null, 20)).toBeGreaterThanOrEqual(15_000);
  });
});

/** The platform's `fetch`, with streams of events that break after so many of them; `last` has what each goes on after. */
function breaking(breaks: number, atOnce = false): { fetch: typeof fetch; last: (string | null)[] } {
  const last: (string | null)[] = [];
  return {
    last,
    fetch: async (input) => {
      const request = input as Request;
      const answer = await fetch(request);
      if (request.headers.get("Accept") !== "text/event-stream" || !answer.body) return answer;
      last.push(request.headers.get("Last-Event-ID"));
      if (last.length > breaks) return answer;
      const reader = answer.body.getReader();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          controller.enqueue(value);
          if (!atOnce && !new TextDecoder().decode(value).includes("data: ")) return;
          await new Promise((resolve) => setTimeout(resolve, 0)); // what is enqueued is read before the error
          controller.error(new TypeError("the connection broke"));
        },
        cancel: (reason) => reader.cancel(reason),
      });
      return new Response(body, { status: answer.status, headers: answer.headers });
    },
  };
}

describe("events", () => {
  const happen = async (horarium: Horarium): Promise<string> => {
    const schedule = await horarium.ok(
      horarium.api.PUT("/schedules/by-key/{key}", {
        params: { path: { key: "told" } },
        body: { ...body, target: "told", key: "told" },
      }),
    );
    await horarium.ok(horarium.api.POST("/schedules/{id}/fire-now", { params: { path: { id: schedule.id } } }));
    return schedule.id;
  };
  const told = async (): Promise<Horarium> => {
    const horarium = new Horarium({ url, key });
    const target = { name: "Told", kind: "automation" as const, executor: { type: "echo" } };
    await horarium.ok(horarium.api.PUT("/targets/by-key/{key}", { params: { path: { key: "told" } }, body: target }));
    return horarium;
  };

  it("are followed over connections that break, each once and in order", async () => {
    const horarium = await told();
    const schedule = await happen(horarium);
    const { fetch, last } = breaking(2);
    const ended = new AbortController();
    const found: string[] = [];
    const ways = new Horarium({ url, key, fetch });
    const events = ways.events.follow({ type: "fire.*", schedule, signal: ended.signal });
    let ahead = events.next();
    while (!last.length) await new Promise((resolve) => setTimeout(resolve, 10));
    for (let count = 0; count < 3; count++) {
      await happen(horarium);
      const { value } = await ahead;
      if (value) found.push(value.id);
      ahead = events.next();
    }
    ended.abort();
    expect((await ahead).done).toBe(true);
    const kept: string[] = [];
    for await (const event of horarium.pages("/events", { type: "fire.*", schedule, order: "oldest" })) kept.push(event.id);
    expect(found).toEqual(kept.slice(-3));
    expect(last.slice(1)).toEqual(found.slice(0, last.length - 1));
    expect(last.length).toBe(3);
  });

  it("that the server does not keep any more are a clear error", async () => {
    const horarium = await told();
    const after = "evt_01KJMMA2G0E2BRE3WD79DN2SW8";
    const error = await horarium.events.follow({ after }).next().catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(EventForgotten);
    expect(error).toMatchObject({ status: 400, message: `the event ${after} is not kept any more, so it is not known what came after it` });
  });

  it("are followed on from the position that the stream has told while none came", async () => {
    const refused = new Response("{}", { status: 403 });
    const { fetch, asked } = played(new Response(":\n\nid: AAAB\n\n"), refused);
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    await expect(horarium.events.follow({ after: "evt_1" }).next()).rejects.toMatchObject({ status: 403 });
    expect(asked.map((request) => request.headers.get("Last-Event-ID"))).toEqual(["evt_1", "AAAB"]);
  });

  it("are not followed for ever where the stream cannot be opened", async () => {
    const wrong = new Horarium({ url, key: "hor_wrong" });
    await expect(wrong.events.follow({ after: "evt_1" }).next()).rejects.toMatchObject({ status: 401 });
    const { fetch } = played(new TypeError("away"));
    const away = new Horarium({ url: "http://test", key, attempts: 1, fetch });
    await expect(away.events.follow({ after: "evt_1" }).next()).rejects.toMatchObject({ status: 0 });
  });

  it("are waited for longer and longer, and not too long", () => {
    expect(waitBeforeReturn(1)).toBeLessThanOrEqual(500);
    expect(waitBeforeReturn(40)).toBeGreaterThanOrEqual(15_000);
    expect(waitBeforeReturn(40)).toBeLessThanOrEqual(30_000);
  });
});

describe("a key of the whole server", () => {
  it("acts in the workspace that is named, in every request", async () => {
    const admin = new Horarium({ url, key });
    const slug = `ways-${Date.now()}`;
    const made = await admin.ok(admin.api.POST("/workspaces", { body: { name: "Ways", slug } }));
    const within = new Horarium({ url, key, workspace: made.id });
    expect((await within.ok(within.api.GET("/workspaces/{id}", { params: { path: { id: "current" } } }))).id).toBe(made.id);
    for await (const schedule of within.pages("/schedules", {})) expect(schedule).toBeUndefined();
  });
});

describe("many lines", () => {
  it("are numbered over all pieces in which they are sent", async () => {
    const { fetch, asked } = played(new Response('{"line":1}\n{"line":1000}\n'), new Response('{"line":1}\n'));
    const horarium = new Horarium({ url: "http://test", key: "hor_x", fetch });
    const lines = [];
    for await (const result of horarium.bulk(Array.from({ length: 1001 }, () => body))) lines.push(result.line);
    expect([lines, asked.length]).toEqual([[1, 1000, 1001], 2]);
  });
});

describe("webhooks", () => {
  const secrets = [1, 2].map((n) => `whsec_${Buffer.alloc(24, n).toString("base64")}`);
  const signed = (text: string, secret: string, at = 1000) => {
    const hmac = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`msg_1.${at}.${text}`);
    return { "webhook-id": "msg_1", "webhook-timestamp": `${at}`, "webhook-signature": `v1,AAAA v1,${hmac.digest("base64")}` };
  };

  it("are verified by any of the secrets, and only while they are fresh", async () => {
    const headers = signed("{}", secrets[0]!);
    await verifyWebhook("{}", headers, secrets, 1299);
    await verifyWebhook(new TextEncoder().encode("{}"), new Headers(headers), secrets[0]!, 1000);
    for (const [text, given, secret, now] of [
      ["{ }", headers, secrets[0]!, 1000],
      ["{}", headers, secrets[1]!, 1000],
      ["{}", headers, secrets[0]!, 1301],
      ["{}", {}, secrets[0]!, 1000],
    ] as const) {
      await expect(verifyWebhook(text, given, secret, now)).rejects.toBeInstanceOf(InvalidSignature);
    }
  });
});

describe("what is generated", () => {
  it("is that of today's description", async () => {
    const page = JSON.parse(await readFile(new URL("../../../docs/openapi.json", import.meta.url), "utf-8"));
    const schema = await readFile(new URL("../src/generated/schema.ts", import.meta.url), "utf-8");
    for (const path of Object.keys(page.paths)) expect(schema).toContain(`"${path}": {`);
    for (const path of KEYED) expect(page.paths[path].post).toBeDefined();
    const results = schema.slice(schema.indexOf("export interface operations"));
    expect(results).not.toMatch(/"application\/json": unknown/);
  });
});
