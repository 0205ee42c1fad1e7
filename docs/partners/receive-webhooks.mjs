// A receiver of webhooks in JavaScript, to copy from: node 18 or newer, and no package.
//
// It verifies each delivery (Standard Webhooks 1.0), prints each event once, and answers 204.
// TLS is the business of what stands in front of it.
//
//   WEBHOOK_SECRET=whsec_… node receive-webhooks.mjs --port 8080
//
// With WEBHOOK_PUBLIC_KEY=whpk_… it takes signatures of version v1a (ed25519) too, or alone.

import { createHmac, createPublicKey, timingSafeEqual } from "node:crypto";
import { verify as verifySignature } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const TOLERANCE_S = 300;
const BODY_BYTES_MAX = 1024 * 1024;
const READ_TIMEOUT_MS = 10_000;
const IDS_REMEMBERED_MAX = 100_000;

/** Whoever sent this does not hold the secret, or sent it at another time. */
export class NotVerified extends Error {}

/** The bytes after the prefix. Throws when there are fewer or more than told, or no base64. */
function decoded(text, prefix, least, most) {
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, "base64");
  const right = text.startsWith(prefix) && bytes.toString("base64") === encoded;
  if (!right || bytes.length < least || bytes.length > most) {
    throw new TypeError(`it is not ${prefix} and the base64 of ${least} to ${most} bytes`);
  }
  return bytes;
}

/** What a delivery is verified with; give the secret, the public key, or both. */
export function keysOf(secret, publicKey) {
  const keys = {};
  if (secret) keys.v1 = decoded(secret, "whsec_", 24, 64);
  if (publicKey) {
    const x = decoded(publicKey, "whpk_", 32, 32).toString("base64url");
    keys.v1a = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  }
  if (!secret && !publicKey) throw new TypeError("there is neither of them");
  return keys;
}

/** Throws NotVerified; `body` is a Buffer as it came, byte for byte, `now` in seconds. */
export function verify(keys, headers, body, now) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (id === "" || !/^[0-9]{1,11}$/.test(timestamp)) {
    throw new NotVerified("no webhook-id, or no webhook-timestamp that is a number");
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  // One entry for each secret that is valid now; those of other versions never match.
  const entries = (headers["webhook-signature"] ?? "").split(" ");
  const mac = keys.v1 && createHmac("sha256", keys.v1).update(signed).digest();
  if (!entries.some((entry) => matches(entry, signed, mac, keys.v1a))) {
    throw new NotVerified("no signature of this body by this key");
  }
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_S) {
    throw new NotVerified(`sent more than ${TOLERANCE_S} s ago or ahead`);
  }
}

function matches(entry, signed, mac, publicKey) {
  const [version, encoded = ""] = entry.split(",", 2);
  const given = Buffer.from(encoded, "base64");
  if (version === "v1" && mac) return given.length === mac.length && timingSafeEqual(given, mac);
  if (version === "v1a" && publicKey) return verifySignature(null, signed, publicKey, given);
  return false;
}

/**
 * Handles each event once. What it remembers is gone when it stops. In earnest, store the id in
 * your database, in the transaction that stores what the event has changed.
 */
class Inbox {
  done = new Set();

  /** Handles an event that is new, and tells whether it was. */
  take(id, body) {
    if (this.done.has(id)) return false;
    handle(JSON.parse(body.toString()));
    // Only now: whoever remembers first and then fails has lost the event.
    this.done.add(id);
    if (this.done.size > IDS_REMEMBERED_MAX) this.done.delete(this.done.values().next().value);
    return true;
  }
}

/** Your work goes here. It must end within 15 s, or the event comes again: put it in a queue. */
function handle(event) {
  const { order_id, sequence, type, data } = event;
  console.log(`${order_id} #${sequence} ${type} ${JSON.stringify(data)}`);
}

/** The body as it came, or null when it is too large. */
async function read(request) {
  if (Number(request.headers["content-length"]) > BODY_BYTES_MAX) return null;
  const chunks = [];
  let length = 0;
  // The connection stays open: an answer is owed also to what is too large.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function main() {
  const { values: options } = parseArgs({
    options: {
      port: { type: "string", default: "8080" },
      count: { type: "string", default: "0" },
    },
  });
  const keys = keysOf(process.env.WEBHOOK_SECRET, process.env.WEBHOOK_PUBLIC_KEY);
  const inbox = new Inbox();
  let left = Number(options.count);

  /** 204: received, also when it came before; 400: not from Orderproof. */
  async function statusOf(request) {
    if (request.method !== "POST") return 405;
    try {
      const body = await read(request);
      if (body === null) return 413;
      verify(keys, request.headers, body, Date.now() / 1000);
      if (inbox.take(request.headers["webhook-id"], body)) left -= 1;
      return 204;
    } catch (error) {
      const refused = error instanceof NotVerified;
      console.error(refused ? `refused: ${error.message}` : `not handled: ${error}`);
      return refused ? 400 : 500;
    }
  }

  const server = createServer({ requestTimeout: READ_TIMEOUT_MS }, async (request, response) => {
    const status = await statusOf(request);
    response.writeHead(status, { connection: "close" }).end();
    if (status === 204 && left === 0) server.close();
  });
  server.listen(Number(options.port), "127.0.0.1", () => {
    console.error(`listening on http://127.0.0.1:${server.address().port}`);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
