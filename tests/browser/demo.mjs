// The product as people start it: `sealane demo` with a state directory of its own, on ports that are free.
//
// Promises: it answers when `startDemo` returns; it is ended by its own process id; where something failed, its output
// is shown. The binary is target/debug/sealane, or $SEALANE_BIN.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY = process.env.SEALANE_BIN ?? fileURLToPath(new URL("../../target/debug/sealane", import.meta.url));
// The demo takes five ports in a row: pages and lanes of Hospital A, the same of University B, the identity provider.
const PORTS = 5;
const START_MS = 120_000;
const ASK_MS = 100;
const STOP_MS = 20_000;

/** Start the demo and wait until both sites are ready. */
export async function startDemo() {
  const state = await mkdtemp(join(tmpdir(), "sealane-browser-"));
  const port = await freeRow();
  const child = spawn(BINARY, ["demo", "--port", String(port), "--state", state], { stdio: ["ignore", "pipe", "pipe"] });
  const demo = new Demo(child, state, port);
  try {
    await demo.ready();
  } catch (error) {
    await demo.stop();
    throw new Error(`${error.message}\n${demo.output}`, { cause: error });
  }
  return demo;
}

class Demo {
  #child;
  #state;
  #ended;
  output = "";

  constructor(child, state, port) {
    this.#child = child;
    this.#state = state;
    this.hospital = `http://127.0.0.1:${port}`;
    this.university = `http://127.0.0.1:${port + 2}`;
    this.identityProvider = `http://127.0.0.1:${port + 4}`;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { this.output += text; });
    this.#ended = Promise.race([
      once(child, "exit").then(([code, signal]) => `ended with ${signal ?? code}`),
      once(child, "error").then(([error]) => `did not start: ${error.message}; build it with cargo build -p sealane-cli`),
    ]).then((how) => { this.how = how; });
  }

  /** Wait until both sites say that they are ready. */
  async ready() {
    const until = Date.now() + START_MS;
    for (const site of [this.hospital, this.university]) {
      while (!(await answers(`${site}/readyz`))) {
        if (this.how) throw new Error(`${BINARY} ${this.how}`);
        if (Date.now() > until) throw new Error(`${BINARY} was not ready in ${START_MS / 1000} s`);
        await pause(ASK_MS);
      }
    }
  }

  /** End it as Ctrl-C does, and remove its state. */
  async stop() {
    if (!this.how) this.#child.kill("SIGINT");
    const late = new AbortController();
    const patience = pause(STOP_MS, "late", { signal: late.signal }).catch(() => "in time");
    const how = await Promise.race([this.#ended, patience]);
    late.abort();
    if (how === "late") {
      this.#child.kill("SIGKILL");
      await this.#ended;
    }
    await rm(this.#state, { recursive: true, force: true });
    if (how === "late") throw new Error(`the demo did not end within ${STOP_MS / 1000} s of Ctrl-C\n${this.output}`);
  }
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** The first of five free ports in a row. */
async function freeRow() {
  for (;;) {
    const first = await listen(0);
    const start = first.address().port;
    const rest = await Promise.allSettled(Array.from({ length: PORTS - 1 }, (_, next) => listen(start + 1 + next)));
    const held = [first, ...rest.filter((one) => one.status === "fulfilled").map((one) => one.value)];
    await Promise.all(held.map((server) => new Promise((closed) => { server.close(closed); })));
    if (held.length === PORTS) return start;
  }
}

async function listen(port) {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
