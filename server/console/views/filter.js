// Conditions on records, which the broker itself tests.
import { html, useRef, useState } from '../vendor/preact.js';
import { useShortcuts } from '../ui.js';

const HOWS = [
  ['exact', 'is'],
  ['prefix', 'starts with'],
  ['suffix', 'ends with'],
];
const KINDS = [
  ['key', 'Key'],
  ['header', 'Header'],
  ['attribute', 'CloudEvents attribute'],
];

/** The conditions as they were in the address; nothing for what is no list of them. */
export function parseConditions(text) {
  try {
    return JSON.parse(text).filter(({ name, value }) => typeof name === 'string' && typeof value === 'string');
  } catch {
    return [];
  }
}

function describe({ name, how, value, not }) {
  const subject = name === '$key' ? 'key' : name.replace('$header.', 'header ');
  const verb = HOWS.find(([key]) => key === how)?.[1] ?? how;
  return `${subject} ${not ? `not: ${verb}` : verb} “${value}”`;
}

function nameOf({ kind, name }) {
  return kind === 'key' ? '$key' : kind === 'header' ? `$header.${name}` : name;
}

const BLANK = { kind: 'key', name: '', how: 'exact', value: '', not: false };

export function Filter({ conditions, onChange }) {
  const [opened, setOpened] = useState(false);
  const [draft, setDraft] = useState(BLANK);
  const value = useRef(null);
  const set = (member) => (event) => setDraft({ ...draft, [member]: event.target.value });
  const open = () => {
    setOpened(true);
    requestAnimationFrame(() => value.current?.focus());
  };
  useShortcuts({ '/': open });
  const submit = (event) => {
    event.preventDefault();
    onChange([...conditions, { name: nameOf(draft), how: draft.how, value: draft.value, not: draft.not }]);
    setDraft({ ...BLANK, kind: draft.kind, name: draft.name });
    setOpened(false);
  };
  return html`
    <div class="filter">
      ${conditions.map(
        (condition, at) => html`
          <span class="chip">
            ${describe(condition)}
            <button type="button" aria-label="Remove the filter ${describe(condition)}" onClick=${() => onChange(conditions.filter((_, index) => index !== at))}>×</button>
          </span>
        `,
      )}
      ${!opened && html`<button type="button" class="quiet" title="Filter records (/)" onClick=${open}>Filter…</button>`}
      ${opened &&
      html`
        <form class="filter-form" aria-label="Filter" onSubmit=${submit} onKeyDown=${(event) => event.key === 'Escape' && setOpened(false)}>
          <select aria-label="What is compared" value=${draft.kind} onChange=${set('kind')}>
            ${KINDS.map(([key, text]) => html`<option value=${key}>${text}</option>`)}
          </select>
          ${draft.kind !== 'key' &&
          html`<input class="short" aria-label="Name of the ${draft.kind}" placeholder="name" required value=${draft.name} onInput=${set('name')} />`}
          <select aria-label="Comparison" value=${`${draft.not ? '!' : ''}${draft.how}`}
            onChange=${({ target }) => setDraft({ ...draft, not: target.value.startsWith('!'), how: target.value.replace('!', '') })}>
            ${HOWS.map(([key, text]) => html`<option value=${key}>${text}</option>`)}
            ${HOWS.map(([key, text]) => html`<option value=${`!${key}`}>not: ${text}</option>`)}
          </select>
          <input ref=${value} class="short" aria-label="Value" placeholder="value" required value=${draft.value} onInput=${set('value')} />
          <button type="submit">Apply</button>
          <button type="button" class="quiet icon" aria-label="Close the filter form" onClick=${() => setOpened(false)}>×</button>
        </form>
      `}
    </div>
  `;
}
