// node peers.mjs PACKAGE DATABASE COUNT URL AT: stores COUNT jobs that are due at AT (ms), works on them from then on,
// and says "ready" before. Each job posts to URL, or does nothing where that is empty. The packages are those of the current folder.
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [name, database, count, url, at] = process.argv.slice(2);
const load = (wanted) => import(pathToFileURL(createRequire(`${process.cwd()}/`).resolve(wanted)));
const due = new Date(Number(at));
const PIECE = 5000;
// How many jobs are under way at the same time where each waits for an answer, and where none does.
const AT_ONCE = url ? 256 : 24;

const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
const body = JSON.stringify({ n: 1 });
const headers = { "content-type": "application/json", "content-length": body.length };

function post() {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(answer.statusCode))));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
const act = url ? post : async () => {};

async function inPieces(add) {
  for (let left = Number(count); left > 0; left -= PIECE) await add(Math.min(left, PIECE));
}

const peers = {
  async "graphile-worker"() {
    const { Logger, makeWorkerUtils, run } = await load(name);
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ connectionString: database, logger });
    await utils.migrate();
    const job = { identifier: "herd", payload: { n: 1 }, runAt: due };
    await inPieces((size) => utils.addJobs(Array(size).fill(job)));
    await utils.release();
    const worker = {
      connectionString: database,
      concurrentJobs: AT_ONCE,
      pollInterval: 100,
      maxPoolSize: 10,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    };
    await run({ preset: { worker }, logger, taskList: { herd: act } });
  },
  async "pg-boss"() {
    const { PgBoss } = await load(name);
    const boss = new PgBoss({ connectionString: database, supervise: false, schedule: false });
    boss.on("error", console.error);
    await boss.start();
    await boss.createQueue("herd");
    await inPieces((size) => boss.insert("herd", Array(size).fill({ data: { n: 1 }, startAfter: due })));
    const options = { batchSize: 1000, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
    await boss.work("herd", options, (jobs) => inTurns(jobs));
  },
};

async function inTurns(jobs) {
  const waiting = [...jobs];
  const one = async () => {
    while (waiting.pop()) await act();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

await peers[name]();
console.log("ready");
