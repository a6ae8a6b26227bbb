// The rivals' side of bench/engine: prints lines "MEASURE WHO NUMBER", with the measures of
// bench/engine.cpp. Needs --expose-gc.
import {Cacheable, CacheableMemory} from 'cacheable';
import DataLoader from 'dataloader';
import PQueue from 'p-queue';

const manyKeys = 100_000;
const concurrency = 20;
const keys = Array.from({length: manyKeys}, (_, i) => `component:react:item-${i}`);
const valueOf = key => `the source of ${key}, some text that is a little longer`;

const report = (measure, who, number) => console.log(`${measure} ${who} ${number.toFixed(2)}`);

// Nanoseconds a key of `round`, which is run again and again and returns the nanoseconds that count
// and the keys that it has had.
async function measure(round) {
  let spent = 0;
  let served = 0;
  for (const limit of [1e8, 3e8]) {
    spent = served = 0;
    while (spent < limit) {
      const [nanoseconds, count] = await round();
      spent += nanoseconds;
      served += count;
    }
  }
  return spent / served;
}

// A round that asks `ask` for the first `count` keys several times.
function sameKeys(count, ask) {
  const wanted = keys.slice(0, count);
  const times = Math.max(1, Math.ceil(10_000 / count));
  return async () => {
    const began = process.hrtime.bigint();
    for (let i = 0; i < times; ++i) await ask(wanted);
    return [Number(process.hrtime.bigint() - began), times * count];
  };
}

// A round that asks for all keys, `count` at a time, of something that has had none of them.
function newKeys(count, make) {
  return async () => {
    const ask = make();
    const slices = [];
    for (let i = 0; i < manyKeys; i += count) slices.push(keys.slice(i, i + count));
    const began = process.hrtime.bigint();
    for (const slice of slices) await ask(slice);
    return [Number(process.hrtime.bigint() - began), manyKeys];
  };
}

async function cached(count) {
  const loader = new DataLoader(async missing => missing.map(valueOf));
  for (const key of keys.slice(0, count)) loader.prime(key, valueOf(key));
  // loadMany() catches the failure of each key by itself, which costs more than load() alone.
  const load = wanted => Promise.all(wanted.map(key => loader.load(key)));
  const loadOne = wanted => loader.load(wanted[0]);
  report(`cached:${count}`, 'dataloader', await measure(sameKeys(count, count === 1 ? loadOne : load)));

  const cacheable = new Cacheable({ttl: '1d'});
  for (const key of keys.slice(0, count)) await cacheable.set(key, valueOf(key));
  const read = count === 1 ? w => cacheable.get(w[0]) : w => cacheable.getMany(w);
  report(`cached:${count}`, 'cacheable', await measure(sameKeys(count, read)));

  const memory = new CacheableMemory({ttl: '1d'});
  for (const key of keys.slice(0, count)) memory.set(key, valueOf(key));
  const look = count === 1 ? async w => memory.get(w[0]) : async w => memory.getMany(w);
  report(`cached:${count}`, 'cacheable-memory', await measure(sameKeys(count, look)));
}

async function fetched(count) {
  const fetchGroup = async missing => missing.map(valueOf);
  const makeLoader = () => {
    const loader = new DataLoader(fetchGroup);
    return wanted => Promise.all(wanted.map(key => loader.load(key)));
  };
  report(`group:${count}`, 'dataloader', await measure(newKeys(count, makeLoader)));

  const fetchOne = async key => valueOf(key);
  const makeQueue = () => {
    const queue = new PQueue({concurrency});
    return wanted => Promise.all(wanted.map(key => queue.add(() => fetchOne(key))));
  };
  report(`single:${count}`, 'p-queue', await measure(newKeys(count, makeQueue)));
}

const heap = () => {
  globalThis.gc();
  const {heapUsed, external} = process.memoryUsage();
  return heapUsed + external;
};

// Bytes a request while nothing is answered.
async function waiting(measureName, who, ask) {
  const before = heap();
  let release;
  const gate = new Promise(resolve => (release = resolve));
  const answers = ask(gate);
  await new Promise(resolve => setImmediate(resolve));
  report(measureName, who, (heap() - before) / manyKeys);
  release();
  await answers;
}

for (const count of [1, 100, manyKeys]) await cached(count);
for (const count of [1, 100, manyKeys]) await fetched(count);
await waiting('bytes-waiting', 'p-queue', gate => {
  const queue = new PQueue({concurrency});
  return Promise.all(keys.map(key => queue.add(() => gate.then(() => valueOf(key)))));
});
await waiting('bytes-called', 'promises', gate =>
  Promise.all(keys.map(async key => {
    await gate;
    return valueOf(key);
  })));
await waiting('bytes-group', 'dataloader', gate => {
  const loader = new DataLoader(async missing => {
    await gate;
    return missing.map(valueOf);
  });
  return Promise.all(keys.map(key => loader.load(key)));
});
