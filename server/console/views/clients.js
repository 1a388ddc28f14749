// Who is connected, and how each of them gets on.
import { html, useRef, useState } from '../vendor/preact.js';
import { api, usePolled } from '../api.js';
import { bytes, count, dateTime, duration, plural, programName } from '../format.js';
import { Failure, useShortcuts } from '../ui.js';

const INTERVAL_MS = 3000;
/** Of more, those furthest behind are shown. */
const SHOWN_MAX = 500;

const TRANSPORTS = {
  'leat.v1': 'Native',
  http: 'HTTP',
  sse: 'Server-sent events',
  'ws:leat.v1': 'WebSocket, native',
  'ws:leat.json.v1': 'WebSocket, JSON',
  'ws:cloudevents.json': 'WebSocket, CloudEvents',
};

const COLUMNS = [
  ['Name', ''],
  ['Transport', 'extra'],
  ['Address', 'extra'],
  ['Connected for', 'number extra'],
  ['In', 'number', 'Bytes received from it'],
  ['Out', 'number', 'Bytes sent to it'],
  ['Subscriptions', 'number extra', 'Partitions that it reads'],
  ['Lag', 'number', 'Records that it was not sent yet, over all its subscriptions'],
];

const transportOf = (client) => TRANSPORTS[client.protocol] ?? client.protocol;
const wordsOf = (client) => `${client.name} ${transportOf(client)} ${client.peer}`.toLowerCase();

function Row({ client, now }) {
  const reads = client.subscriptions > 0;
  return html`
    <tr>
      <td class="wide" title=${client.name}>${programName(client.name) || html`<span class="muted">unnamed</span>`}</td>
      <td class="extra">${transportOf(client)}</td>
      <td class="mono extra">${client.peer}</td>
      <td class="number extra" title="Since ${dateTime(client.since)}">${duration(Math.max(0, now - client.since))}</td>
      <td class="number">${bytes(client.received_bytes)}</td>
      <td class="number">${bytes(client.sent_bytes)}</td>
      <td class="number extra ${reads ? '' : 'muted'}">${count(client.subscriptions)}</td>
      <td class="number ${client.lag_records > 0 ? '' : 'muted'}">${reads ? count(client.lag_records) : '–'}</td>
    </tr>
  `;
}

function Summary({ clients, found }) {
  if (!clients) return ' ';
  const all = `${plural(clients.length, 'connection')}, this page’s own among them`;
  return found.length > SHOWN_MAX ? `${all}; the ${SHOWN_MAX} furthest behind are shown` : all;
}

export function Clients() {
  const { data, error } = usePolled(api.clients, INTERVAL_MS);
  const [search, setSearch] = useState('');
  const field = useRef(null);
  useShortcuts({ '/': () => field.current?.focus() });
  const now = Date.now();
  const found = data?.filter((client) => wordsOf(client).includes(search.toLowerCase())) ?? [];
  const shown = found.length > SHOWN_MAX ? found.sort((a, b) => b.lag_records - a.lag_records).slice(0, SHOWN_MAX) : found;
  return html`
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Clients</h1>
          <p class="hint"><${Summary} clients=${data} found=${found} /></p>
        </div>
        <div class="page-actions">
          <input
            ref=${field} type="search" class="search" placeholder="Search (/)" aria-label="Search clients" value=${search}
            onInput=${(event) => setSearch(event.target.value)}
            onKeyDown=${(event) => event.key === 'Escape' && (setSearch(''), field.current.blur())}
          />
        </div>
      </div>
      <${Failure} error=${error} />
      <div class="table-frame">
        <table>
          <thead>
            <tr>${COLUMNS.map(([name, kind, title]) => html`<th scope="col" class=${kind} title=${title}>${name}</th>`)}</tr>
          </thead>
          <tbody>
            ${shown.map((client) => html`<${Row} key=${client.id} client=${client} now=${now} />`)}
          </tbody>
        </table>
        ${data && shown.length === 0 && html`<p class="none">No client fits “${search}”.</p>`}
      </div>
    </div>
  `;
}
