import { HorariumError } from "./errors.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** The server sends something every 15 seconds: a connection that is silent for so long is dead. */
const SILENCE_MS = 60_000;

/** The event after which events are to be followed was deleted, because it was too old. What came after it may be gone too. */
export class EventForgotten extends HorariumError {
  constructor(last: string | undefined, cause: HorariumError) {
    const what = last?.startsWith("evt_") ? `event ${last}` : "position of this stream";
    const detail = `the ${what} is not kept any more, so it is not known what came after it`;
    super(cause.status, { ...cause.problem, detail } as HorariumError["problem"], cause.requestId, { cause });
    this.name = "EventForgotten";
  }
}

/** Milliseconds to wait before a stream is opened again that has failed so often in a row. */
export function waitBeforeReturn(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);
}

/** Whether the stream may be opened the next time. */
export function mayPass({ status }: HorariumError): boolean {
  return status === 0 || status === 429 || status >= 500;
}

/** Whether an error says that the server has forgotten the event after which the stream was to go on. */
export function isForgotten({ status, errors }: HorariumError): boolean {
  return status === 400 && errors.some(({ field, code }) => code === "unknown" && ["after", "Last-Event-ID"].includes(field));
}

/**
 * The events of a stream, each with its id, as they arrive. Where there is no data, the id is the position that the stream has
 * come to. `heard` is called for whatever arrives.
 */
export async function* messages(
  response: Response,
  connection: AbortController,
  heard: () => void,
): AsyncGenerator<{ id: string | undefined; data: string | undefined }, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let silence = setTimeout(() => connection.abort(), SILENCE_MS);
  let rest = "";
  let id: string | undefined;
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE_MS);
      heard();
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("id: ")) id = line.slice(4);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
        else if (line === "" && (data.length || id !== undefined)) {
          yield { id, data: data.length ? data.join("\n") : undefined };
          data = [];
        }
      }
    }
  } finally {
    clearTimeout(silence);
    connection.abort();
  }
}

/** Waits, unless the signal ends it before. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
}
