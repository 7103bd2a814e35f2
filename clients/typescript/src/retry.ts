import { HorariumError } from "./errors.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** After this status the server has certainly done nothing. */
const REFUSED = 429;
const PASSING = new Set([502, 503, 504]);
/** A DELETE of these answers with what it has changed, so that an answer cannot be made up. */
export const ANSWERED_DELETES = /\/horarium\/v1\/(keys|workspaces)\/[^/]+$/;
const NOT_FOUND = "urn:horarium:problem:not-found";
export const DOUBT = "an earlier try of this request had no answer and may have been carried out";

const doubtful = new WeakSet<Response>();

/** Whether an earlier try of the request may have caused the error that this answer tells. */
export function isDoubtful(answer: Response): boolean {
  return doubtful.has(answer);
}

/** Milliseconds to wait before a request is tried again, or undefined where it is not. `status` is 0 for no answer. */
export function waitBeforeRetry(
  repeatable: boolean,
  status: number,
  retryAfter: string | null,
  attempt: number,
  now: number = Date.now(),
): number | undefined {
  if (status !== REFUSED && !(repeatable && (status === 0 || PASSING.has(status)))) return undefined;
  const wish = wished(retryAfter, now);
  if (wish !== undefined) return wish;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

function wished(retryAfter: string | null, now: number): number | undefined {
  if (retryAfter === null) return undefined;
  const seconds = Number(retryAfter);
  if (!Number.isNaN(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The answer to a request of which an earlier try may have been carried out: what that try deleted is not missing now. */
async function afterDoubt(request: Request, answer: Response): Promise<Response> {
  if (request.method === "GET" || ![404, 409, 412].includes(answer.status)) return answer;
  if (request.method === "DELETE" && !ANSWERED_DELETES.test(new URL(request.url).pathname)) {
    const problem: unknown = await answer.clone().json().catch(() => undefined);
    if ((problem as { type?: unknown } | undefined)?.type === NOT_FOUND) return new Response(null, { status: 204 });
  }
  doubtful.add(answer);
  return answer;
}

/** `fetch` that repeats what may be repeated: reads, writes by key or id, and what carries an Idempotency-Key. */
export function retrying(send: typeof fetch, attempts: number): (request: Request) => Promise<Response> {
  return async (request) => {
    const repeatable =
      ["GET", "PUT", "DELETE"].includes(request.method) || request.headers.has("Idempotency-Key");
    let inDoubt = false;
    for (let attempt = 1; ; attempt++) {
      let answer: Response | undefined;
      let error: unknown;
      try {
        answer = await send(request.clone());
      } catch (raised) {
        if (request.signal.aborted) throw raised;
        error = raised;
      }
      const wait = waitBeforeRetry(repeatable, answer?.status ?? 0, answer?.headers.get("Retry-After") ?? null, attempt);
      if (wait === undefined || attempt >= attempts) {
        if (answer) return inDoubt ? afterDoubt(request, answer) : answer;
        throw new HorariumError(0, undefined, undefined, { cause: error });
      }
      inDoubt ||= !answer || PASSING.has(answer.status);
      await answer?.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
}
