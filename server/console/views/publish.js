// The form that publishes one record, through the same API as any program.
import { html, useRef, useState } from '../vendor/preact.js';
import { milliseconds, prettyJson } from '../format.js';
import { socket } from '../socket.js';
import { Failure, Field, Kbd } from '../ui.js';

const ACKS = [
  ['durable', 'on disk (durable)'],
  ['written', 'in the file (written)'],
  ['none', 'taken (none)'],
];

function Headers({ headers, onChange }) {
  const change = (at, member) => (event) =>
    onChange(headers.map((header, index) => (index === at ? { ...header, [member]: event.target.value } : header)));
  return html`
    <fieldset class="headers">
      <legend>Headers</legend>
      ${headers.map(
        (header, at) => html`
          <div class="header-row">
            <input aria-label="Name of header ${at + 1}" placeholder="name" value=${header.name} onInput=${change(at, 'name')} />
            <input aria-label="Value of header ${at + 1}" placeholder="value" value=${header.value} onInput=${change(at, 'value')} />
            <button type="button" class="quiet icon" aria-label="Remove header ${at + 1}" onClick=${() => onChange(headers.filter((_, index) => index !== at))}>×</button>
          </div>
        `,
      )}
      <button type="button" class="quiet" onClick=${() => onChange([...headers, { name: '', value: '' }])}>Add a header</button>
    </fieldset>
  `;
}

function recordOf({ key, value, hasNoValue, headers, partition }) {
  const record = { value: hasNoValue ? null : value };
  if (key !== '') record.key = key;
  if (partition !== '') record.partition = Number(partition);
  const named = headers.filter((header) => header.name !== '');
  if (named.length > 0) record.headers = named;
  return record;
}

function Outcome({ outcome }) {
  if (!outcome) return null;
  return html`
    <p class="outcome" role="status">
      Stored at offset <strong>${outcome.offset}</strong> of partition ${outcome.partition}, ${outcome.ack}
      <span class="muted"> after ${milliseconds(outcome.took)}</span>
    </p>
  `;
}

export function Publish({ topic, partitions, onPublished }) {
  const [draft, setDraft] = useState({ key: '', value: '', hasNoValue: false, headers: [], partition: '', ack: 'durable' });
  const [outcome, setOutcome] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const set = (member) => (event) => setDraft({ ...draft, [member]: event.target.value });
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const begin = performance.now();
    try {
      const stored = await socket.publish(topic, recordOf(draft), draft.ack);
      setOutcome({ ...stored, took: performance.now() - begin });
      onPublished();
    } catch (failure) {
      setOutcome(null);
      setError(failure);
    }
    setBusy(false);
  };
  const onKeyDown = (event) => (event.ctrlKey || event.metaKey) && event.key === 'Enter' && form.current.requestSubmit();
  const isJson = draft.value !== '' && prettyJson(draft.value) !== null;
  return html`
    <form ref=${form} class="publish" onSubmit=${submit} onKeyDown=${onKeyDown}>
      <${Field} label="Key">
        <input name="key" autofocus autocomplete="off" spellcheck="false" placeholder="none" value=${draft.key} onInput=${set('key')} />
      <//>
      <div class="field">
        <label class="field-label" for="publish-value">Value</label>
        <textarea
          id="publish-value" name="value" rows="7" spellcheck="false" disabled=${draft.hasNoValue} value=${draft.value} onInput=${set('value')}
        ></textarea>
        <div class="field-foot">
          <span class="hint">${isJson ? 'JSON' : 'Text'}</span>
          <label class="check">
            <input type="checkbox" checked=${draft.hasNoValue} onChange=${(event) => setDraft({ ...draft, hasNoValue: event.target.checked })} />
            no value (null)
          </label>
        </div>
      </div>
      <${Headers} headers=${draft.headers} onChange=${(headers) => setDraft({ ...draft, headers })} />
      <div class="field-row">
        <${Field} label="Partition">
          <input name="partition" type="number" min="0" max=${partitions - 1} placeholder="by key" value=${draft.partition} onInput=${set('partition')} />
        <//>
        <${Field} label="Acknowledged when">
          <select name="ack" value=${draft.ack} onChange=${set('ack')}>
            ${ACKS.map(([level, text]) => html`<option value=${level}>${text}</option>`)}
          </select>
        <//>
      </div>
      <div class="actions start">
        <button type="submit" class="primary" disabled=${busy}>Publish record <${Kbd} keys="Ctrl ↵" /></button>
      </div>
      <div class="result"><${Failure} error=${error} /><${Outcome} outcome=${outcome} /></div>
    </form>
  `;
}
