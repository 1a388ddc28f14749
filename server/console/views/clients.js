// Who is connected.
import { html } from '../vendor/preact.js';
import { api, usePolled } from '../api.js';
import { dateTime, duration, plural } from '../format.js';
import { Failure } from '../ui.js';

const PROTOCOLS = {
  'leat.v1': 'Native',
  http: 'HTTP',
  sse: 'Server-sent events',
  'ws:leat.v1': 'WebSocket, native',
  'ws:leat.json.v1': 'WebSocket, JSON',
  'ws:cloudevents.json': 'WebSocket, CloudEvents',
};

function Row({ client, now }) {
  return html`
    <tr>
      <td class="mono">${client.peer}</td>
      <td>${PROTOCOLS[client.protocol] ?? client.protocol}</td>
      <td class="wide" title=${client.name}>${client.name || html`<span class="muted">unnamed</span>`}</td>
      <td class="number" title=${dateTime(client.since)}>${duration(Math.max(0, now - client.since))}</td>
    </tr>
  `;
}

export function Clients() {
  const { data, error } = usePolled(api.clients, 3000);
  const now = Date.now();
  return html`
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Clients</h1>
          <p class="hint">${data ? `${plural(data.length, 'connection')}, this page's own among them` : ' '}</p>
        </div>
      </div>
      <${Failure} error=${error} />
      <div class="table-frame">
        <table>
          <thead>
            <tr><th scope="col">Address</th><th scope="col">Speaks</th><th scope="col">Name</th><th scope="col" class="number">Connected for</th></tr>
          </thead>
          <tbody>
            ${data?.map((client) => html`<${Row} key=${client.id} client=${client} now=${now} />`)}
          </tbody>
        </table>
      </div>
    </div>
  `;
}
