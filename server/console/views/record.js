// One record, in full.
import { html, useState } from '../vendor/preact.js';
import { bytes, bytesOf, dateTime, hexDump, prettyJson, textOf } from '../format.js';
import { CopyButton, Segments } from '../ui.js';

const FORMS = [
  ['json', 'JSON'],
  ['text', 'Text'],
  ['hex', 'Hex'],
];

/** What is shown of the value in this form; text stands in for JSON that it is not. */
function shown(record, form) {
  const content = bytesOf(record, 'value');
  if (content === null) return null;
  if (form === 'hex') return hexDump(content);
  const text = textOf(record, 'value');
  return form === 'json' ? (prettyJson(text) ?? text) : text;
}

const headerText = (header) => textOf(header, 'value');

function HeaderList({ headers }) {
  if (headers.length === 0) return html`<p class="hint">No headers</p>`;
  return html`
    <dl class="header-list">
      ${headers.map((header) => html`<div><dt class="mono">${header.name}</dt><dd class="mono">${headerText(header) ?? html`<i>null</i>`}</dd></div>`)}
    </dl>
  `;
}

export function RecordDetail({ record, topic }) {
  const isText = record.value_base64 === undefined;
  const isJson = isText && prettyJson(record.value) !== null;
  const [wanted, setForm] = useState('');
  const form = wanted || (isJson ? 'json' : isText ? 'text' : 'hex');
  const value = shown(record, form);
  const size = bytesOf(record, 'value')?.length ?? 0;
  const key = textOf(record, 'key');
  return html`
    <div class="record">
      <dl class="facts">
        <div><dt>Time</dt><dd class="mono">${dateTime(record.timestamp)}</dd></div>
        <div><dt>Key</dt><dd class="mono">${key === null ? html`<span class="muted">none</span>` : key || html`<span class="muted">empty</span>`}</dd></div>
      </dl>
      <div class="record-bar">
        <h3>Value <span class="hint">${bytes(size)}</span></h3>
        <${Segments} label="Show the value as" value=${form} options=${FORMS} onChange=${setForm} />
      </div>
      ${value === null
        ? html`<p class="hint">null: the record has no value</p>`
        : html`<pre class="value ${form}" tabindex="0">${value}</pre>`}
      <div class="record-bar">
        <${CopyButton} label="Copy value" text=${() => value ?? ''} />
        <${CopyButton} label="Copy record as JSON" text=${() => JSON.stringify({ topic, ...record }, null, 2)} />
      </div>
      <h3>Headers</h3>
      <${HeaderList} headers=${record.headers} />
    </div>
  `;
}
