import type { components } from "./generated/schema.js";

/** What the server says of a request that it does not carry out (problem+json). */
export type Problem = components["schemas"]["Problem"];

/** A request was not carried out. `status` is 0 where there was no answer: the server may have done what was asked. */
export class HorariumError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;
  /** What is wrong with which field. */
  readonly errors: readonly { field: string; message: string; code: string }[];
  /** Names the request in the log of the server. */
  readonly requestId: string | undefined;

  constructor(status: number, problem?: Problem, requestId?: string, options?: ErrorOptions & { doubt?: string }) {
    const said = problem?.detail ?? problem?.title ?? (status ? `the server answered ${status}` : "the server was not reached");
    super(options?.doubt ? `${said} (${options.doubt})` : said, options);
    this.name = "HorariumError";
    this.status = status;
    this.problem = problem;
    this.errors = (problem?.errors ?? []) as readonly { field: string; message: string; code: string }[];
    this.requestId = requestId;
  }
}
