// Generated from docs/openapi.json: npm run generate.

/** The paths whose POST takes an Idempotency-Key. */
export const KEYED: readonly string[] = [
  "/principals",
  "/runs/actions",
  "/runs/{id}/retry",
  "/schedules",
  "/schedules/actions",
  "/schedules/by-key/{key}/backfill",
  "/schedules/by-key/{key}/fire-now",
  "/schedules/by-key/{key}/windows",
  "/schedules/{id}/backfill",
  "/schedules/{id}/fire-now",
  "/schedules/{id}/windows",
  "/targets",
  "/webhooks",
  "/workspaces/{id}/windows",
];
