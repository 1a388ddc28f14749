// The console page in a real browser, used as a person uses it.
//
//     node console_test.mjs    with LEATD, CHROMIUM, MODULES (where npm installed package.json) and SCREENSHOTS (a directory)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { Daemon, openBrowser, watch } from './harness.mjs';

const { LEATD, CHROMIUM, MODULES, SCREENSHOTS } = process.env;
/** Of one step: a bound for a page that hangs, not a measure. */
const TIMEOUT_MS = Number(process.env.STEP_TIMEOUT_MS ?? 30_000);
const VALUE = '{"id": 1, "note": "grüße <b>&amp;"}';

let daemon;
let browser;
let page;
let faults;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  daemon = await Daemon.start(LEATD);
  browser = await openBrowser(MODULES, CHROMIUM);
});

after(async () => {
  await browser?.close();
  assert.equal(await daemon?.stop(), 0);
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(TIMEOUT_MS);
  faults = watch(page, daemon.url);
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(faults, []);
});

const visit = (hash) => page.goto(`${daemon.url}/${hash}`);
const rows = () => page.getByRole('option').filter({ visible: true });
const row = (text) => page.locator('.row').filter({ hasText: text });

async function post(path, body, type = 'application/json') {
  const response = await fetch(daemon.url + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, await response.text());
}

const createTopic = (name, partitions = 1) => post('/v1/topics', { name, partitions });

/** Through the form, as it is open in the page. */
async function publish(key, value) {
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByLabel('Value', { exact: true }).fill(value);
  await page.getByRole('button', { name: 'Publish record' }).click();
}

/** Until the address says where the view is. */
const positionIn = (expected) => page.waitForFunction((at) => decodeURIComponent(location.hash).includes(at), `at=${expected}`);

test('A topic is created in the page, a record published in its form is seen in the live tail, and a reload resumes there', async () => {
  await visit('#/topics');
  await page.getByRole('button', { name: 'New topic' }).first().click();
  await page.getByLabel('Name').fill('orders');
  await page.getByRole('button', { name: 'Create topic' }).click();
  await page.getByRole('heading', { name: 'orders' }).waitFor();

  await page.getByRole('button', { name: 'Publish', exact: false }).first().click();
  await publish('customer-7', VALUE);
  await page.getByText('Stored at offset 0 of partition 0, durable').waitFor();
  await row('grüße').waitFor();
  await positionIn('0:0');

  await page.reload();
  await row('grüße').waitFor();
  await row('grüße').click();
  await page.getByRole('heading', { name: 'Offset 0' }).waitFor();
  assert.deepEqual(JSON.parse(await page.locator('pre.value').textContent()), JSON.parse(VALUE));
});

test('A reload resumes at the offset that was jumped to', async () => {
  await createTopic('jumps');
  await visit('#/topics/jumps?publish=1');
  for (let number = 0; number < 5; ++number) {
    await publish('', `value ${number}`);
    await row(`value ${number}`).waitFor();
  }
  await page.getByLabel('Show records from').selectOption('Offset…');
  await page.getByLabel('Offset', { exact: true }).fill('3');
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await row('value 2').waitFor({ state: 'detached' });
  await row('value 3').waitFor();
  await positionIn('0:3');
  await page.reload();
  await row('value 4').waitFor();
  assert.equal(await rows().count(), 2);
});

test('A time is jumped to, and the records before it are left out', async () => {
  await createTopic('times');
  await visit('#/topics/times?publish=1');
  await publish('', 'value');
  await row('value').waitFor();
  const jump = async (time) => {
    await page.getByLabel('Show records from').selectOption('Time…');
    await page.getByLabel('Time', { exact: true }).fill(time);
    await page.getByLabel('Time', { exact: true }).press('Enter');
  };
  await jump('2001-02-03T04:05:06');
  await row('value').waitFor();
  await jump('2101-02-03T04:05:06');
  await row('value').waitFor({ state: 'detached' });
  await page.getByText('No records here yet').waitFor();
});

test('What is published while the tail is paused comes when it goes on', async () => {
  await createTopic('pauses');
  await visit('#/topics/pauses?publish=1');
  await publish('', 'before');
  await row('before').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await publish('', 'meanwhile');
  await page.getByText('1 waiting').waitFor();
  assert.equal(await row('meanwhile').count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  await row('meanwhile').waitFor();
});

test('A record is opened beside the rows and shown as JSON, text and hex', async () => {
  await createTopic('details', 2);
  await visit('#/topics/details?publish=1');
  await publish('k', '{"a":1}');
  await row('{"a":1}').waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await row('{"a":1}').click();
  const value = page.locator('pre.value');
  await value.waitFor();
  assert.equal(await value.textContent(), '{\n  "a": 1\n}');
  await page.getByRole('radio', { name: 'Text' }).click();
  assert.equal(await value.textContent(), '{"a":1}');
  await page.getByRole('radio', { name: 'Hex' }).click();
  assert.match(await value.textContent(), /^00000000  7b 22 61 22 3a 31 7d .*\{"a":1\}$/);
});

test('A filter leaves the records that fit it, over a reload too', async () => {
  await createTopic('filters');
  await visit('#/topics/filters?publish=1');
  for (const key of ['apple', 'pear', 'apricot']) await publish(key, `a ${key}`);
  await row('a apricot').waitFor();
  await page.getByRole('button', { name: 'Filter…' }).click();
  await page.getByLabel('Comparison').selectOption('starts with');
  await page.getByRole('form', { name: 'Filter' }).getByLabel('Value', { exact: true }).fill('ap');
  await page.getByRole('button', { name: 'Apply' }).click();
  await row('a pear').waitFor({ state: 'detached' });
  await row('a apricot').waitFor();
  await page.reload();
  await row('a apple').waitFor();
  assert.equal(await rows().count(), 2);
});

test('The rows are saved as one JSON object a line, with headers', async () => {
  await createTopic('exports', 3);
  await visit('#/topics/exports?publish=1');
  await page.getByRole('button', { name: 'Add a header' }).click();
  await page.getByLabel('Name of header 1').fill('trace');
  await page.getByLabel('Value of header 1').fill('abc');
  await publish('k', 'one');
  await row('one').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  const lines = readFileSync(await saved.path(), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines.length, 1);
  assert.equal(lines[0].value, 'one');
  assert.deepEqual(lines[0].headers, [{ name: 'trace', value: 'abc' }]);
});

test('A topic is deleted only after its name was typed', async () => {
  await createTopic('doomed');
  await visit('#/topics');
  await page.getByRole('button', { name: 'Delete doomed' }).click();
  const confirm = page.getByRole('button', { name: 'Delete topic' });
  assert.ok(await confirm.isDisabled());
  await page.getByLabel('Type the topic').fill('doomed');
  await confirm.click();
  await page.getByRole('link', { name: 'doomed' }).waitFor({ state: 'detached' });
  assert.equal((await fetch(`${daemon.url}/v1/topics/doomed`)).status, 404);
});

test('Every view is reached from the keyboard', async () => {
  await createTopic('keys');
  await visit('');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.getByText('WebSocket, JSON').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('link', { name: 'keys' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'keys' }).waitFor();
  await page.keyboard.press('n');
  await page.keyboard.type('typed key');
  await page.keyboard.press('Tab');
  await page.keyboard.type('typed value');
  await page.keyboard.press('Control+Enter');
  await row('typed value').waitFor();
});

test('A record is read, shown in each form and left again with the keys alone', async () => {
  await createTopic('keyboard');
  await visit('#/topics/keyboard?publish=1');
  await publish('first', '{"a":1}');
  await publish('second', '{"a":2}');
  await row('{"a":2}').waitFor();
  await page.getByLabel('Key', { exact: true }).focus();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Publish a record' }).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'listbox');
  await page.keyboard.press('End');
  await page.getByRole('heading', { name: 'Offset 0' }).waitFor();
  await page.keyboard.press('k');
  await page.getByRole('heading', { name: 'Offset 1' }).waitFor();
  await page.getByRole('radio', { name: 'JSON' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('pre.value').textContent(), /^00000000  7b 22 61/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Hex');
  await page.getByRole('button', { name: 'Copy value' }).press('Enter');
  await page.getByText('Copied').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).press('Enter')]);
  assert.equal(readFileSync(await saved.path(), 'utf8').trimEnd().split('\n').length, 2);
  await page.keyboard.press('Escape');
  await page.keyboard.press('p');
  await page.getByRole('status').filter({ hasText: 'Paused' }).waitFor();
});

test('Records are shown as text, whatever they hold, and each in one line', async () => {
  const hostile = '<img src=x onerror="document.title=1"><script>document.title = 2</script>';
  await createTopic('hostile');
  await visit('#/topics/hostile?publish=1');
  await page.getByRole('button', { name: 'Add a header' }).click();
  await page.getByLabel('Name of header 1').fill(hostile);
  await page.getByLabel('Value of header 1').fill(hostile);
  await publish(hostile, `${hostile}\nsecond line`);
  await row('↵second line').click();
  await page.getByRole('heading', { name: 'Offset 0' }).waitFor();
  assert.equal(await page.locator('.row .key').textContent(), hostile);
  assert.equal(await page.locator('pre.value').textContent(), `${hostile}\nsecond line`);
  assert.deepEqual(await page.locator('.header-list').locator('dt, dd').allTextContents(), [hostile, hostile]);
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.equal(await page.title(), 'hostile · leat');
});

test('A tail that 100,000 records run through keeps the newest, and shows the rows in sight', async () => {
  const [batches, perBatch] = [50, 2000];
  await createTopic('flood');
  await visit('#/topics/flood');
  await page.getByText('No records here yet').waitFor();
  for (let batch = 0; batch < batches; ++batch) {
    const events = Array.from({ length: perBatch }, (_, at) => ({ specversion: '1.0', id: `${batch}-${at}`, source: '/flood', type: 'drop', data: batch * perBatch + at }));
    await post('/v1/topics/flood/events', events, 'application/cloudevents-batch+json');
  }
  await page.getByText('2,000 rows, 98,000 older let go').waitFor();
  await page.locator('.row').filter({ hasText: '99999' }).first().waitFor();
  assert.ok((await page.locator('.row').count()) < 100);
});

test('A daemon that is started again is reconnected to, and the tail goes on where it was', async () => {
  await createTopic('restarts', 2);
  await visit('#/topics/restarts?publish=1');
  await publish('', 'before');
  await row('before').waitFor();
  assert.equal(await daemon.end(), 0);
  await page.locator('.tail').getByRole('status').filter({ hasText: 'Disconnected' }).waitFor();
  await daemon.run();
  await post('/v1/topics/restarts/events', { specversion: '1.0', id: '1', source: '/', type: 't', data: 'meanwhile' }, 'application/cloudevents+json');
  await row('meanwhile').waitFor();
  await page.locator('.tail').getByRole('status').filter({ hasText: 'Live' }).waitFor();
  assert.equal(await rows().count(), 2);
  // A browser reports every connection that nobody takes; what came of it was looked at above.
  faults.splice(0, faults.length, ...faults.filter((fault) => !/ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|WebSocket connection/.test(fault)));
});

test('The overview tells how fast records come, go and are acknowledged', async () => {
  await createTopic('load');
  await visit('#/');
  const figures = (name) => page.getByRole('region', { name }).locator('dd');
  const publishing = setInterval(() => post('/v1/topics/load/events', { n: 1 }), 50);
  try {
    await figures('Throughput').first().filter({ hasText: /[1-9].*\/s/ }).waitFor();
    await figures('Acknowledgement latency').first().filter({ hasText: / ms$/ }).waitFor();
    await figures('Acknowledgement latency').last().filter({ hasText: / ms$/ }).waitFor();
  } finally {
    clearInterval(publishing);
  }
});

test('A client is listed with what it has sent, got and reads', async () => {
  await createTopic('readers', 3);
  const reading = new AbortController();
  const stream = await fetch(`${daemon.url}/v1/topics/readers/stream`, { headers: { 'user-agent': 'reader-7' }, signal: reading.signal });
  assert.ok(stream.ok);
  await visit('#/clients');
  await page.getByLabel('Search clients').fill('reader-7');
  const cells = page.locator('tbody tr').filter({ hasText: 'reader-7' }).locator('td');
  await cells.nth(6).filter({ hasText: '3' }).waitFor();
  const [, transport, , , received, sent, , lag] = await cells.allTextContents();
  assert.equal(transport, 'Server-sent events');
  // With those of the requests before it on its connection.
  assert.match(received, /^[1-9][\d.]* (B|KiB)$/);
  assert.match(sent, /^[1-9][\d.]* (B|KiB)$/);
  assert.equal(lag, '0');
  assert.equal(await page.locator('tbody tr').count(), 1);
  reading.abort();
});

test('Nothing is cut off in a narrow window', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [hash, shown] of [
    ['', '.panel'],
    ['#/topics', 'td'],
    ['#/topics/orders', '.row'],
    ['#/topics/orders?tab=settings', 'td'],
    ['#/clients', 'td'],
  ]) {
    await visit(hash);
    await page.locator(shown).first().waitFor();
    const main = await page.locator('main').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    assert.equal(main, 0, hash);
  }
});

test('The page allows itself nothing but its own files, and is sent again only when it has changed', async () => {
  const first = await fetch(`${daemon.url}/`);
  const policy = first.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe/);
  const again = await fetch(`${daemon.url}/`, { headers: { 'if-none-match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
});

for (const colorScheme of ['light', 'dark']) {
  test(`Screenshots, ${colorScheme}`, async () => {
    await page.emulateMedia({ colorScheme });
    for (const [name, hash, shown] of [
      ['overview', '', 'Throughput'],
      ['topics', '#/topics', 'orders'],
      ['tail', '#/topics/filters?publish=1', 'apricot'],
      ['settings', '#/topics/orders?tab=settings', 'retention.ms'],
      ['clients', '#/clients', 'WebSocket, JSON'],
    ]) {
      await visit(hash);
      await page.getByText(shown).first().waitFor();
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}.png`) });
    }
  });
}
