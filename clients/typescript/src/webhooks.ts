/** How far the time of a request may be from this machine's clock, in seconds. */
const TOLERANCE_S = 300;

/** The request does not come from the server, was changed, or is too old. */
export class InvalidSignature extends Error {}

/**
 * Returns if a request is signed with one of the secrets (`whsec_...`) and is at most five minutes old.
 *
 * `body` is the body as it came, before it is parsed. `now` is in seconds since the epoch. Throws InvalidSignature.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Record<string, string | undefined>,
  secrets: string | readonly string[],
  now: number = Date.now() / 1000,
): Promise<void> {
  const given = headers instanceof Headers ? headers : new Headers(headers as Record<string, string>);
  const id = given.get("webhook-id");
  const timestamp = given.get("webhook-timestamp");
  const signatures = given.get("webhook-signature");
  if (!id || !timestamp || !signatures || !/^\d+$/.test(timestamp)) {
    throw new InvalidSignature("webhook-id, webhook-timestamp or webhook-signature is missing");
  }
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_S) {
    throw new InvalidSignature("the request is more than five minutes from this clock");
  }
  const text = new TextEncoder();
  const content = typeof body === "string" ? text.encode(body) : body;
  const head = text.encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + content.length);
  signed.set(head);
  signed.set(content, head.length);
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    const bytes = decode(secret.replace(/^whsec_/, ""));
    if (!bytes) throw new TypeError("a secret must be whsec_ and base 64; requests that are signed with Ed25519 (whpk_) are not verified here");
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    for (const signature of signatures.split(" ")) {
      const [version, value] = signature.split(",", 2);
      const claimed = version === "v1" && value ? decode(value) : undefined;
      if (claimed && (await crypto.subtle.verify("HMAC", key, claimed, signed))) return;
    }
  }
  throw new InvalidSignature("no signature fits one of the secrets");
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  } catch {
    return undefined;
  }
}
