// How a topic is set, and why; and its partitions.
import { html } from '../vendor/preact.js';
import { bytes, count, duration } from '../format.js';

const MEANINGS = {
  durability: 'When a record is acknowledged: once the disk has it (durable), or once the operating system has (os)',
  'max.message.bytes': 'The largest batch that is taken',
  'retention.bytes': 'Older records go when a partition is larger',
  'retention.ms': 'Older records go after this long',
  'segment.bytes': 'How large one of its files becomes',
};

function forPeople(key, value) {
  if (value === '-1') return 'no limit';
  if (key.endsWith('.ms')) return duration(Number(value));
  if (key.endsWith('.bytes')) return bytes(Number(value));
  return value;
}

function Setting({ name, setting }) {
  const readable = forPeople(name, setting.value);
  return html`
    <tr>
      <td><span class="mono">${name}</span><span class="hint below">${MEANINGS[name]}</span></td>
      <td>${readable}${readable !== setting.value && html`<span class="hint below mono">${setting.value}</span>`}</td>
      <td><span class="badge ${setting.default ? '' : 'set'}">${setting.default ? 'daemon’s default' : 'set for this topic'}</span></td>
    </tr>
  `;
}

function Partition({ partition: { partition, log_start: low, high_watermark: high, size_bytes: size } }) {
  return html`
    <tr>
      <td class="number">${partition}</td>
      <td class="number mono">${count(low)}</td>
      <td class="number mono">${count(high)}</td>
      <td class="number">${count(high - low)}</td>
      <td class="number">${bytes(size)}</td>
    </tr>
  `;
}

export function Settings({ topic, onDelete }) {
  if (!topic) return null;
  return html`
    <section class="block" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      <div class="table-frame">
        <table>
          <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Source</th></tr></thead>
          <tbody>
            ${Object.entries(topic.settings).map(([name, setting]) => html`<${Setting} key=${name} name=${name} setting=${setting} />`)}
          </tbody>
        </table>
      </div>
    </section>
    <section class="block" aria-labelledby="partitions-title">
      <h2 id="partitions-title">Partitions</h2>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              ${['Partition', 'Lowest offset', 'High watermark', 'Records', 'Size'].map((name) => html`<th scope="col" class="number">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${topic.partitions.map((partition) => html`<${Partition} key=${partition.partition} partition=${partition} />`)}
          </tbody>
        </table>
      </div>
    </section>
    <section class="block danger-zone" aria-labelledby="delete-title">
      <div>
        <h2 id="delete-title">Delete this topic</h2>
        <p class="hint">With all of its records, for good.</p>
      </div>
      <button type="button" class="danger" onClick=${onDelete}>Delete topic</button>
    </section>
  `;
}
