// What a product does with Horarium for one of its customers, from the first target to the history page.
import { Horarium, HorariumError, type components } from "../src/index.js";

type ScheduleBody = components["schemas"]["ScheduleBody"];

export async function main(url: string, key: string, say: (...words: unknown[]) => void = console.log): Promise<void> {
  // A workspace for each customer, and a key that can do no more than the product needs.
  const server = new Horarium({ url, key });
  const made = await server.ok(server.api.POST("/workspaces", { body: { slug: "customer-7", name: "Customer 7" } }));
  const horarium = new Horarium({ url, key: made.admin_key.key });
  const { api } = horarium;
  const target = await horarium.ok(
    api.PUT("/targets/by-key/{key}", {
      params: { path: { key: "digest" } },
      body: { name: "Digest", kind: "automation", executor: { type: "http", url: "https://example.com/hooks/digest" } },
    }),
  );
  say("verify what it sends with", target.signing_secret);

  // While the user types: words and the next times, or what is wrong and where.
  const wrong = await horarium.ok(api.POST("/schedules/preview", { body: { recurrence: "0 25 * * *" } })).catch((e) => e);
  if (wrong instanceof HorariumError) say(wrong.errors[0]?.field, wrong.errors[0]?.message);
  const timing = { recurrence: "0 9 * * MON-FRI", timezone: "Europe/Paris" };
  const preview = await horarium.ok(api.POST("/schedules/preview", { body: timing }));
  say(preview.in_words, preview.next_fires.slice(0, 2).map((fire) => fire.at));

  // Saved under the product's own id: the same request again changes nothing.
  const mine = { path: { key: "user-4/digest" } };
  const body: ScheduleBody = { name: "Digest", ...timing, target: "digest", input: { user: 4 }, labels: { user: "4" } };
  const schedule = await horarium.ok(api.PUT("/schedules/by-key/{key}", { params: mine, body }));
  const again = await horarium.ok(api.PUT("/schedules/by-key/{key}", { params: mine, body }));
  if (again.version !== schedule.version) throw new Error("it was written twice");

  // Many at once, with a result for each line.
  const lines = Array.from({ length: 50 }, (_, n) => ({ ...body, key: `user-${n + 5}/digest`, labels: { user: `${n + 5}` } }));
  const results = [];
  for await (const line of horarium.bulk(lines, { mode: "upsert" })) results.push(line.result);
  say(results.length, "lines:", new Set(results));

  // Changed with its version, paused and fired by the same id.
  const params = { ...mine, header: { "If-Match": String(schedule.version) } };
  await horarium.ok(api.PATCH("/schedules/by-key/{key}", { params, body: { name: "Morning digest" } }));
  const late = await horarium.ok(api.PATCH("/schedules/by-key/{key}", { params, body: { name: "Late" } })).catch((e) => e);
  if (late instanceof HorariumError && late.status === 409) say("somebody else was first:", late.message);
  await horarium.ok(api.POST("/schedules/by-key/{key}/pause", { params: mine, body: { note: "on holiday" } }));
  await horarium.ok(api.POST("/schedules/by-key/{key}/resume", { params: mine }));
  const fire = await horarium.ok(api.POST("/schedules/by-key/{key}/fire-now", { params: mine }));

  // The customer's page: their schedules by label, and what became of each run.
  for await (const one of horarium.pages("/schedules", { label: ["user:4"] })) say(one.name, "next at", one.next_fire_at);
  for await (const run of horarium.pages("/runs", { fire: fire.id })) say(run.id, run.state);
  const at = { ...mine, query: { at: "2026-12-25T08:00:00Z" } };
  say((await horarium.ok(api.GET("/schedules/by-key/{key}/explain", { params: at }))).sentence);

  await api.DELETE("/schedules/by-key/{key}", { params: mine });
  const gone = await api.GET("/schedules/by-key/{key}", { params: mine });
  say(gone.response.status === 404 ? "gone" : "still there");
}
