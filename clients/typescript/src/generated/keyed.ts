// Generated from docs/openapi.json: npm run generate.

/** The paths whose POST takes an Idempotency-Key. */
export const KEYED: readonly string[] = [
  "/schedules",
  "/schedules/by-key/{key}/fire-now",
  "/schedules/{id}/fire-now",
];
