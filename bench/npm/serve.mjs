// The rival's side of bench/serve: serve.mjs REDIS_SOCKET TASKS WINDOW takes so many jobs of BullMQ
// through their whole life, with a processor that does nothing. Prints seconds.
import {Queue, Worker} from 'bullmq';
import {Redis} from 'ioredis';

const [path, tasks, window] = process.argv.slice(2);
const connection = new Redis(path, {maxRetriesPerRequest: null});
const queue = new Queue('bench', {connection});
await queue.waitUntilReady();

const jobs = Array.from({length: Number(tasks)}, (_, i) => ({
  name: 'mods',
  data: {pi: String(i).padStart(26, '0')},
  opts: {attempts: 3},
}));
const began = process.hrtime.bigint();
let done = 0;
const worker = new Worker('bench', async () => ({output: 'x.xml'}), {
  connection,
  concurrency: Number(window),
});
await new Promise((resolve, reject) => {
  worker.on('completed', () => {
    if (++done === jobs.length) resolve();
  });
  worker.on('error', reject);
  queue.addBulk(jobs).catch(reject);
});
console.log((Number(process.hrtime.bigint() - began) / 1e9).toFixed(3));
await worker.close();
await queue.close();
connection.disconnect();
