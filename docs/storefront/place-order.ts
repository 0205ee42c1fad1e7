// A storefront's client in TypeScript, to copy from: no package but node itself.
//
// It prints one line of JSON and exits with 0: the outcome is known, 1: refused, 2: not known yet.
//
//   node place-order.ts place order.json [--follow sse] [--key KEY]
//   node place-order.ts cancel ord_…

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

type Order = { order_id: string; status: string; reasons: string[] };
type Problem = { type: string; status: number; detail?: string };
type Change = { version: string; status: string };

const UNDECIDED = ["pending", "cancelling"];
const POLL_S = 20;
const REQUEST_TIMEOUT_MS = 30_000;
const STREAM_TIMEOUT_MS = 60_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 8_000;

/** The answer is no, and the same request will get it again: an RFC 9457 problem. */
class Refusal extends Error {
  problem: Problem;

  constructor(problem: Problem) {
    super(problem.type);
    this.problem = problem;
  }
}

/** Time is up; the same key and body may be sent again at any time. */
class NotKnown extends Error {}

/** How long to go on: full jitter below a bound that doubles, or what Retry-After says. */
class Patience {
  giveUpAt: number;
  boundMs = BACKOFF_FIRST_MS;

  constructor(patienceS: number) {
    this.giveUpAt = Date.now() + patienceS * 1000;
  }

  /** Sleeps before the next try. Throws NotKnown when there is no time for one. */
  async wait(why: string, retryAfter: string | null = null): Promise<void> {
    let pauseMs = Math.random() * this.boundMs;
    if (retryAfter !== null && /^\d+$/.test(retryAfter)) pauseMs += Number(retryAfter) * 1000;
    this.boundMs = Math.min(2 * this.boundMs, BACKOFF_MAX_MS);
    if (Date.now() + pauseMs > this.giveUpAt) throw new NotKnown(why);
    console.error(`again in ${(pauseMs / 1000).toFixed(1)} s: ${why}`);
    await sleep(pauseMs);
  }

  check(): void {
    if (Date.now() > this.giveUpAt) throw new NotKnown("the order is not decided yet");
  }
}

/** Sends the same request until it is answered for good. Throws Refusal or NotKnown. */
async function ask(url: string, patienceS: number, request: RequestInit = {}): Promise<Order> {
  const patience = new Patience(patienceS);
  for (;;) {
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      response = await fetch(url, { ...request, signal });
      text = await response.text();
    } catch (error) {
      await patience.wait(String(error));
      continue;
    }
    if (response.ok) return JSON.parse(text) as Order;
    const problem = problemOf(response.status, text);
    if (!worthAnotherTry(problem)) throw new Refusal(problem);
    await patience.wait(`answered ${problem.status}`, response.headers.get("retry-after"));
  }
}

/** Too many, not now, or the first one is still at work; 409 has other meanings too. */
function worthAnotherTry({ status, type }: Problem): boolean {
  if (status === 409) return type === "urn:problem:idempotency-in-progress";
  return status === 429 || status >= 500;
}

/** The problem document; what a proxy says in another form has no type of ours. */
function problemOf(status: number, text: string): Problem {
  try {
    return { type: "about:blank", ...(JSON.parse(text) as object), status };
  } catch {
    return { type: "about:blank", status };
  }
}

/** Long polls until the order is decided. */
async function decided(url: string, patienceS: number): Promise<Order> {
  const patience = new Patience(patienceS);
  for (;;) {
    const order = await ask(`${url}?wait_for=decided&timeout_s=${POLL_S}`, patienceS);
    if (!UNDECIDED.includes(order.status)) return order;
    patience.check();
  }
}

/** Follows the order's server-sent events until it is decided, then reads it once. */
async function streamed(url: string, patienceS: number): Promise<Order> {
  const patience = new Patience(patienceS);
  let seen = "0";
  for (;;) {
    let why = "the stream has ended";
    try {
      for await (const change of changes(url, seen)) {
        seen = change.version;
        if (!UNDECIDED.includes(change.status)) return decided(url, patienceS);
        patience.check();
      }
    } catch (error) {
      if (error instanceof NotKnown) throw error;
      why = String(error);
    }
    await patience.wait(why);
  }
}

async function* changes(url: string, seen: string): AsyncGenerator<Change> {
  const signal = AbortSignal.timeout(STREAM_TIMEOUT_MS);
  const headers = { "Last-Event-ID": seen };
  const response = await fetch(`${url}/events`, { headers, signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`answered ${response.status}`);
  }
  const decoder = new TextDecoder();
  let version = seen;
  let data = "";
  let rest = "";
  for await (const chunk of response.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id: ")) version = line.slice(4);
      if (line.startsWith("data: ")) data = line.slice(6);
      if (line === "" && data !== "") {
        yield { version, status: (JSON.parse(data) as Order).status };
        data = "";
      }
    }
  }
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    orders: { type: "string", default: process.env.ORDERS_URL ?? "http://127.0.0.1:8000" },
    key: { type: "string", default: randomUUID() },
    follow: { type: "string", default: "poll" },
    "patience-s": { type: "string", default: "60" },
  },
});

/** Places or cancels, and waits until the order is decided. */
async function run(command: string, what: string): Promise<Order> {
  const orders = `${options.orders}/v1/orders`;
  const patienceS = Number(options["patience-s"]);
  let orderId = what;
  if (command === "place") {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": options.key };
    const request = { method: "POST", headers, body: await readFile(what, "utf8") };
    orderId = (await ask(orders, patienceS, request)).order_id;
  } else {
    const url = `${orders}/${encodeURIComponent(what)}/cancel`;
    await ask(url, patienceS, { method: "POST" });
  }
  const url = `${orders}/${encodeURIComponent(orderId)}`;
  return options.follow === "sse" ? streamed(url, patienceS) : decided(url, patienceS);
}

const [command, what] = positionals;
if (what === undefined || !["place", "cancel"].includes(command ?? "")) {
  console.error("usage: node place-order.ts place FILE | cancel ORDER_ID");
  process.exit(64);
}
try {
  const { order_id, status, reasons } = await run(command as string, what);
  console.log(JSON.stringify({ order_id, status, reasons }));
} catch (error) {
  if (error instanceof Refusal) {
    console.log(JSON.stringify(error.problem));
    process.exitCode = 1;
  } else if (error instanceof NotKnown) {
    console.error(`not known yet: ${error.message}`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
