// BullMQ as the reference of `cargo xtask bench queue`. `rubis-bench` copies this file beside the
// packages, so that Node finds them, and starts it as
//
//   node bullmq.mjs MODE SETTINGS
//
// where SETTINGS is an object in JSON: `host` and `port` of Redis, `result` (the file that gets what
// was measured, as JSON), and what the mode asks for. Redis itself is measured by `rubis-bench`.

import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const NAME = 'relances';
const [mode, text] = process.argv.slice(2);
const settings = JSON.parse(text);
const connection = { host: settings.host, port: settings.port };

// Whole at once: the other side waits for the file.
function tell(result) {
  writeFileSync(`${settings.result}.part`, JSON.stringify(result));
  renameSync(`${settings.result}.part`, settings.result);
}

// The same payload as the product's: the reminder and its organization.
function relance(organization, opts) {
  return { name: 'relance', data: { organization_id: organization, task_id: randomUUID() }, opts };
}

async function queue() {
  const queue = new Queue(NAME, { connection });
  await queue.waitUntilReady();
  return queue;
}

// A job that is done leaves nothing behind, as in the product. Said to the worker and not for each
// job, it costs no memory for those that wait.
async function worker(handler) {
  const worker = new Worker(NAME, handler, {
    connection,
    concurrency: settings.concurrency,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    autorun: false,
  });
  worker.on('error', (error) => console.error(error));
  await worker.waitUntilReady();
  return worker;
}

const seconds = (since) => (performance.now() - since) / 1000;
const clock = () => performance.timeOrigin + performance.now();

const modes = {
  // Adds `jobs` delayed jobs of `organizations` in turn, `chunk` at a time.
  async add({ jobs, organizations, chunk, delay }) {
    const ids = Array.from({ length: organizations }, () => randomUUID());
    const all = Array.from({ length: jobs }, (_, number) => relance(ids[number % ids.length], { delay }));
    const to = await queue();
    const began = performance.now();
    for (let from = 0; from < all.length; from += chunk) {
      await to.addBulk(all.slice(from, from + chunk));
    }
    tell({ seconds: seconds(began) });
    await to.close();
  },

  // Runs `jobs` jobs that are there and due.
  async work({ jobs }) {
    const runs = await worker(async () => {});
    let done = 0;
    const all = new Promise((resolve) => runs.on('completed', () => ++done === jobs && resolve()));
    const began = performance.now();
    runs.run();
    await all;
    tell({ seconds: seconds(began) });
    await runs.close();
  },

  // Adds a job each `every` ms that is due `lead` ms later, and tells how late each began, in ms.
  async trickle({ jobs, every, lead }) {
    const lateness = [];
    let finish;
    const all = new Promise((resolve) => (finish = resolve));
    const runs = await worker(async (job) => {
      lateness.push(clock() - (job.timestamp + job.opts.delay));
      if (lateness.length === jobs) finish();
    });
    const to = await queue();
    runs.run();
    await rest(lead);
    const organization = randomUUID();
    const began = performance.now();
    for (let number = 0; number < jobs; number += 1) {
      await rest(Math.max(0, began + number * every - performance.now()));
      const { name, data, opts } = relance(organization, { delay: lead });
      await to.add(name, data, opts);
    }
    await all;
    tell({ lateness });
    await runs.close();
    await to.close();
  },

  // Holds `jobs` jobs for good, to be killed meanwhile.
  async hold({ jobs }) {
    const to = await queue();
    await to.addBulk(Array.from({ length: jobs }, () => relance(randomUUID())));
    let held = 0;
    const runs = await worker(() => {
      if (++held === jobs) tell({});
      return new Promise(() => {});
    });
    await runs.run();
  },

  // Another worker, which is there from the start and gets the jobs of the one that was killed.
  async take({ jobs }) {
    let taken = 0;
    let finish;
    const all = new Promise((resolve) => (finish = resolve));
    const runs = await worker(async () => {
      if (++taken === jobs) finish();
    });
    runs.run();
    await all;
    tell({});
    await runs.close();
  },
};

await modes[mode](settings);
