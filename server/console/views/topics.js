// All topics, and how they come and go.
import { html, useRef, useState } from '../vendor/preact.js';
import { api, usePolled } from '../api.js';
import { bytes, count, plural, rate } from '../format.js';
import { href, navigate } from '../router.js';
import { Dialog, Empty, Failure, Field, Kbd, useShortcuts } from '../ui.js';

const sum = (topic, member) => topic.partitions.reduce((total, partition) => total + partition[member], 0);
const records = (topic) => sum(topic, 'high_watermark') - sum(topic, 'log_start');

/** Records a second by topic id, from this list of topics and the one before. */
function useRates({ data, at }) {
  const last = useRef(null);
  const rates = useRef(new Map());
  if (data && at !== last.current?.at) {
    const before = last.current;
    last.current = { at, taken: new Map(data.map((topic) => [topic.id, sum(topic, 'high_watermark')])) };
    rates.current = new Map();
    for (const [id, taken] of last.current.taken) {
      if (before?.taken.has(id)) rates.current.set(id, ((taken - before.taken.get(id)) * 1000) / (at - before.at));
    }
  }
  return rates.current;
}

function CreateTopic({ onClose }) {
  const [topic, setTopic] = useState({ name: '', partitions: '1', durability: '', retention: '' });
  const [error, setError] = useState(null);
  const set = (member) => (event) => setTopic({ ...topic, [member]: event.target.value });
  const submit = async (event) => {
    event.preventDefault();
    const settings = {};
    if (topic.durability) settings.durability = topic.durability;
    if (topic.retention) settings['retention.ms'] = topic.retention;
    try {
      await api.createTopic({ name: topic.name, partitions: Number(topic.partitions), settings });
      navigate(['topics', topic.name]);
    } catch (failure) {
      setError(failure);
    }
  };
  return html`
    <${Dialog} title="New topic" onClose=${onClose}>
      <form onSubmit=${submit}>
        <${Field} label="Name" hint="Letters, digits, dots, underscores and hyphens">
          <input name="name" required autofocus autocomplete="off" spellcheck="false" value=${topic.name} onInput=${set('name')} />
        <//>
        <div class="field-row">
          <${Field} label="Partitions">
            <input name="partitions" type="number" min="1" max="16384" required value=${topic.partitions} onInput=${set('partitions')} />
          <//>
          <${Field} label="Durability">
            <select name="durability" value=${topic.durability} onChange=${set('durability')}>
              <option value="">as the daemon is set</option>
              <option value="durable">durable: on disk first</option>
              <option value="os">os: faster, may be lost</option>
            </select>
          <//>
        </div>
        <${Field} label="Kept for">
          <select name="retention" value=${topic.retention} onChange=${set('retention')}>
            <option value="">as the daemon is set</option>
            <option value="86400000">a day</option>
            <option value="604800000">a week</option>
            <option value="2592000000">30 days</option>
            <option value="-1">ever</option>
          </select>
        <//>
        <${Failure} error=${error} />
        <div class="actions">
          <button type="button" onClick=${onClose}>Cancel</button>
          <button type="submit" class="primary">Create topic</button>
        </div>
      </form>
    <//>
  `;
}

export function DeleteTopic({ topic, onClose, onDeleted }) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await api.deleteTopic(topic.name);
      onDeleted();
    } catch (failure) {
      setError(failure);
    }
  };
  return html`
    <${Dialog} title="Delete ${topic.name}" onClose=${onClose}>
      <form onSubmit=${submit}>
        <p>
          This deletes <strong>${plural(records(topic), 'record')}</strong> (${bytes(sum(topic, 'size_bytes'))}) for good. Nothing brings
          them back.
        </p>
        <${Field} label="Type the topic's name to confirm">
          <input name="confirm" autofocus autocomplete="off" spellcheck="false" value=${typed} onInput=${(event) => setTyped(event.target.value)} />
        <//>
        <${Failure} error=${error} />
        <div class="actions">
          <button type="button" onClick=${onClose}>Cancel</button>
          <button type="submit" class="danger" disabled=${typed !== topic.name}>Delete topic</button>
        </div>
      </form>
    <//>
  `;
}

/** What the partitions have in common: "0 – 1,204", or for several how far they reach together. */
function watermarks(topic) {
  if (topic.partitions.length === 1) {
    const [{ log_start: low, high_watermark: high }] = topic.partitions;
    return `${count(low)} – ${count(high)}`;
  }
  const highs = topic.partitions.map((partition) => partition.high_watermark);
  return `${count(Math.min(...topic.partitions.map((partition) => partition.log_start)))} – ${count(Math.max(...highs))}`;
}

function Row({ topic, perSecond, onDelete }) {
  return html`
    <tr>
      <td class="wide"><a class="row-link" href=${href(['topics', topic.name])}>${topic.name}</a></td>
      <td class="number extra">${count(topic.partitions.length)}</td>
      <td class="number">${count(records(topic))}</td>
      <td class="number">${perSecond > 0 ? html`<span class="flowing">${rate(perSecond)}/s</span>` : html`<span class="muted">0/s</span>`}</td>
      <td class="number mono extra" title="From the lowest offset kept to the highest">${watermarks(topic)}</td>
      <td class="number extra">${bytes(sum(topic, 'size_bytes'))}</td>
      <td class="extra">${topic.settings.durability.value}</td>
      <td class="row-end extra"><button type="button" class="quiet" aria-label="Delete ${topic.name}" onClick=${onDelete}>Delete</button></td>
    </tr>
  `;
}

const COLUMNS = [
  ['Topic', ''],
  ['Partitions', 'number extra'],
  ['Records', 'number'],
  ['Rate', 'number'],
  ['Offsets', 'number extra'],
  ['Size', 'number extra'],
  ['Durability', 'extra'],
];

export function Topics() {
  const polled = usePolled(api.topics, 2000);
  const rates = useRates(polled);
  const [search, setSearch] = useState('');
  const [creates, setCreates] = useState(false);
  const [deleting, setDeleting] = useState(null);
  const field = useRef(null);
  useShortcuts({ '/': () => field.current?.focus(), n: () => setCreates(true) });
  const { data, error, refresh } = polled;
  const shown = data?.filter((topic) => topic.name.toLowerCase().includes(search.toLowerCase()));
  return html`
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Topics</h1>
          <p class="hint">${data ? plural(data.length, 'topic') : ' '}</p>
        </div>
        <div class="page-actions">
          <input
            ref=${field} type="search" class="search" placeholder="Search (/)" aria-label="Search topics" value=${search}
            onInput=${(event) => setSearch(event.target.value)}
            onKeyDown=${(event) => event.key === 'Escape' && (setSearch(''), field.current.blur())}
          />
          <button type="button" class="primary" onClick=${() => setCreates(true)}>New topic <${Kbd} keys="n" /></button>
        </div>
      </div>
      <${Failure} error=${error} />
      ${data?.length === 0
        ? html`<${Empty} title="No topics yet">A topic is a log that programs publish to and read from. Create one to begin.<//>`
        : html`
            <div class="table-frame">
              <table>
                <thead>
                  <tr>${COLUMNS.map(([name, kind]) => html`<th scope="col" class=${kind}>${name}</th>`)}<th class="extra"><span class="unseen">Actions</span></th></tr>
                </thead>
                <tbody>
                  ${shown?.map(
                    (topic) =>
                      html`<${Row} key=${topic.id} topic=${topic} perSecond=${rates.get(topic.id)} onDelete=${() => setDeleting(topic)} />`,
                  )}
                </tbody>
              </table>
              ${shown?.length === 0 && html`<p class="none">No topic has “${search}” in its name.</p>`}
            </div>
          `}
      ${creates && html`<${CreateTopic} onClose=${() => setCreates(false)} />`}
      ${deleting &&
      html`<${DeleteTopic}
        topic=${deleting}
        onClose=${() => setDeleting(null)}
        onDeleted=${() => (setDeleting(null), refresh())}
      />`}
    </div>
  `;
}
