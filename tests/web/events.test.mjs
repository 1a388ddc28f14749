// CloudEvents over HTTP, by the CloudEvents SDK for JavaScript, curl and fetch.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, modules } from './daemon.mjs';

const cloudevents = modules('cloudevents');

const { CloudEvent, HTTP } = cloudevents;
const curl = (...args) => promisify(execFile)('curl', ['-s', ...args]).then((result) => result.stdout);
let daemon;

before(async () => {
  daemon = await Daemon.start();
});
after(() => daemon.stop());

const event = (id, more = {}) =>
  new CloudEvent({ id, source: '/shop', type: 'order.placed', subject: 'order/1', datacontenttype: 'application/json', time: '2026-01-02T03:04:05.678Z', myext: 'x y%é', count: 5, flag: true, data: { a: [1, 'zwei'] }, ...more });

const post = (topic, message, query = '') =>
  fetch(`${daemon.url}/v1/topics/${topic}/events${query}`, { method: 'POST', headers: message.headers, body: message.body });

// What the broker gives out again, taken apart by the SDK.
async function consumed(topic) {
  const answer = await fetch(`${daemon.url}/v1/topics/${topic}/stream?from=earliest&form=cloudevents`);
  const reader = answer.body.getReader();
  let text = '';
  while (!/\ndata: (\{(?!"partitions").*\})\n\n/.test(text)) text += Buffer.from((await reader.read()).value).toString();
  await reader.cancel();
  const data = /\ndata: (\{(?!"partitions").*\})\n\n/.exec(text)[1];
  return HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents+json' }, body: data });
}

for (const mode of ['binary', 'structured']) {
  test(`an event of the SDK in ${mode} mode comes out as it went in`, async () => {
    await daemon.createTopic(mode);
    // The SDK does not percent-encode what it puts into headers.
    const sent = event('1', mode === 'binary' ? { myext: 'x y' } : {});
    const answer = await post(mode, HTTP[mode](sent));
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { records: [{ partition: 0, offset: 0, ack: 'durable' }] });
    const got = await consumed(mode);
    for (const name of ['id', 'source', 'type', 'subject', 'time', 'myext', 'datacontenttype']) assert.equal(got[name], sent[name], name);
    assert.deepEqual(got.data, sent.data);
    // Binary mode has text only; structured mode says which is a number.
    assert.equal(String(got.count), '5');
    if (mode === 'structured') assert.strictEqual(got.count, 5);
    assert.equal(got.leatoffset, '0');
    assert.equal(got.leatpartition, 0);
  });
}

test('binary data survives every mode', async () => {
  await daemon.createTopic('bytes');
  const bytes = Buffer.from([0, 255, 1, 128, 10, 13]);
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't', 'content-type': 'application/octet-stream' };
  assert.equal((await post('bytes', { headers, body: bytes })).status, 200);
  const [record] = (await daemon.records('bytes')).records;
  assert.deepEqual(Buffer.from(record.value_base64, 'base64'), bytes);
  assert.deepEqual(Buffer.from((await consumed('bytes')).data_base64 ?? [], 'base64').length, bytes.length);
});

test('a batch is stored as its events, the same key in one partition', async () => {
  await daemon.createTopic('batch', 4);
  const events = Array.from({ length: 20 }, (_, i) => ({ specversion: '1.0', id: String(i), source: '/s', type: 't', partitionkey: `k${i % 2}`, data: i }));
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  const answer = await (await post('batch', { headers, body: JSON.stringify(events) })).json();
  assert.equal(answer.records.length, 20);
  for (const record of answer.records) assert.equal(record.ack, 'durable');
  assert.equal(new Set(answer.records.filter((_, i) => i % 2 === 0).map((record) => record.partition)).size, 1);
  assert.equal((await post('batch', { headers, body: '[]' })).status, 200);
});

test('plain JSON and bytes are records as they are', async () => {
  await daemon.createTopic('plain');
  const out = await curl('-H', 'content-type: application/json', '-d', '{"a": 1}', `${daemon.url}/v1/topics/plain/events?key=k&ack=written`);
  assert.match(out, /"ack":"(written|durable)"/);
  let records = [];
  while (records.length === 0) ({ records } = await daemon.records('plain')); // it is seen once it is durable
  const [record] = records;
  assert.equal(record.key, 'k');
  assert.equal(record.value, '{"a": 1}');
  assert.deepEqual(record.headers, [{ name: 'content-type', value: 'application/json' }]);
});

test('what is wrong is answered as problem details with the right status', async () => {
  await daemon.createTopic('wrong', 2);
  const structured = { 'content-type': 'application/cloudevents+json' };
  const cases = [
    [404, 'nothing', { body: 'x' }, ''],
    [400, 'wrong', { headers: structured, body: '{"specversion":"1.0","id":"1","type":"t"}' }, ''],
    [400, 'wrong', { headers: structured, body: '{' }, ''],
    [400, 'wrong', { headers: { 'ce-specversion': '1.0', 'ce-id': '1' }, body: '' }, ''],
    [415, 'wrong', { headers: { 'content-type': 'application/cloudevents+xml' }, body: '<a/>' }, ''],
    [400, 'wrong', { body: 'x' }, '?ack=maybe'],
    [400, 'wrong', { body: 'x' }, '?partition=-1'],
    [404, 'wrong', { body: 'x' }, '?partition=7'],
    [400, 'wrong', { body: 'x' }, '?prtition=1'],
    [413, 'wrong', { body: 'x'.repeat(2_000_000) }, ''],
    [413, 'wrong', { body: 'x'.repeat(9_000_000) }, ''],
  ];
  for (const [status, topic, message, query] of cases) {
    const answer = await post(topic, message, query);
    assert.equal(answer.status, status, `${status} ${topic} ${query}`);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const problem = await answer.json();
    assert.equal(problem.status, status);
    assert.equal(typeof problem.code, 'string');
  }
  const get = await fetch(`${daemon.url}/v1/topics/wrong/events`);
  assert.equal(get.status, 405);
  assert.equal(get.headers.get('allow'), 'POST');
});

test('topics are made, listed, described, altered and deleted', async () => {
  const call = (method, path, body) => fetch(daemon.url + path, { method, body: body && JSON.stringify(body) });
  const made = await call('POST', '/v1/topics', { name: 'life', partitions: 3, settings: { 'retention.ms': '7d' } });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), '/v1/topics/life');
  assert.equal((await call('POST', '/v1/topics', { name: 'life' })).status, 409);
  assert.equal((await call('POST', '/v1/topics', { name: 'no/good' })).status, 400);
  const described = await (await call('GET', '/v1/topics/life')).json();
  assert.equal(described.partitions.length, 3);
  assert.equal(described.settings['retention.ms'].default, false);
  const altered = await (await call('PATCH', '/v1/topics/life', { partitions: 4 })).json();
  assert.equal(altered.partitions.length, 4);
  const listed = await (await call('GET', '/v1/topics')).json();
  assert.ok(listed.topics.some((topic) => topic.name === 'life'));
  assert.equal((await call('DELETE', '/v1/topics/life')).status, 204);
  assert.equal((await call('GET', '/v1/topics/life')).status, 404);
});

test('records are read by offset and time, as JSON and as batches', async () => {
  await daemon.createTopic('reads');
  for (let i = 0; i < 5; ++i) await post('reads', { body: `v${i}` });
  const page = await daemon.records('reads', 0, 'from=1&limit=2');
  assert.deepEqual(page.records.map((record) => record.value), ['v1', 'v2']);
  assert.equal(page.next, 3);
  assert.equal(page.high_watermark, 5);
  assert.equal((await daemon.records('reads', 0, 'from=@-1h')).records.length, 5);
  const raw = await fetch(`${daemon.url}/v1/topics/reads/partitions/0/records`, { headers: { accept: 'application/octet-stream' } });
  const bytes = Buffer.from(await raw.arrayBuffer());
  assert.equal(bytes.readInt8(16), 2, 'the magic of a RecordBatch');
  assert.equal(raw.headers.get('leat-next-offset'), '5');
  assert.equal((await fetch(`${daemon.url}/v1/topics/reads/partitions/0/records?from=99`)).status, 416);
});

test('a stream goes on where its last event was', async () => {
  await daemon.createTopic('stream', 2);
  for (let i = 0; i < 10; ++i) await post('stream', { body: `v${i}` }, `?partition=${i % 2}`);
  const values = [];
  let last;
  for (let connection = 0; values.length < 10; ++connection) {
    const headers = last === undefined ? {} : { 'last-event-id': last };
    const answer = await fetch(`${daemon.url}/v1/topics/stream/stream?from=earliest`, { headers });
    const reader = answer.body.getReader();
    let text = '';
    let seen = 0;
    while (seen < 3 && values.length < 10) {
      text += Buffer.from((await reader.read()).value).toString();
      for (let end; seen < 3 && (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const lines = text.slice(0, end).split('\n');
        const data = lines.find((line) => line.startsWith('data: {"partition"'));
        last = lines.find((line) => line.startsWith('id: '))?.slice(4) ?? last;
        if (!data) continue;
        values.push(JSON.parse(data.slice(6)).record.value);
        ++seen;
      }
    }
    await reader.cancel();
    assert.ok(connection < 10);
  }
  assert.deepEqual(values.toSorted?.() ?? [...values].sort(), Array.from({ length: 10 }, (_, i) => `v${i}`));
});
