// Small parts that the views share.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { copy } from './format.js';

/** Keys that work anywhere but where somebody types. `keys`: {"/": handler}; "g t" is two keys, one after the other. */
export function useShortcuts(keys) {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let first = '';
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const types = event.target.closest?.('input, textarea, select, [contenteditable]');
      if (types || document.querySelector('dialog[open]')) return;
      const handler = latest.current[`${first} ${event.key}`] ?? latest.current[event.key];
      first = handler ? '' : event.key;
      if (!handler) return;
      event.preventDefault();
      handler(event);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

export const Kbd = ({ keys }) => html`<kbd aria-hidden="true">${keys}</kbd>`;

/** A modal dialog, which the browser gives the focus, the Escape key and the rest of the page out of reach. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
    return () => dialog.current?.close();
  }, []);
  const onClick = (event) => event.target === dialog.current && onClose();
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose} onClick=${onClick}>
      <div class="dialog-body">
        <h2 id="dialog-title">${title}</h2>
        ${children}
      </div>
    </dialog>
  `;
}

/** A label above its field; `hint` below. */
export function Field({ label, hint, children }) {
  return html`
    <label class="field">
      <span class="field-label">${label}</span>
      ${children}
      ${hint && html`<span class="hint">${hint}</span>`}
    </label>
  `;
}

/** One of several, as radio buttons behave: one stop for the Tab key, and the arrow keys choose. */
export function Segments({ label, value, options, onChange }) {
  const onKeyDown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (options.findIndex(([key]) => key === value) + step + options.length) % options.length;
    onChange(options[next][0]);
    event.currentTarget.children[next].focus();
  };
  return html`
    <div class="segments" role="radiogroup" aria-label=${label} onKeyDown=${onKeyDown}>
      ${options.map(
        ([key, name]) => html`
          <button type="button" role="radio" aria-checked=${key === value} tabindex=${key === value ? 0 : -1} onClick=${() => onChange(key)}>
            ${name}
          </button>
        `,
      )}
    </div>
  `;
}

export function CopyButton({ text, label = 'Copy' }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const onClick = () => copy(text()).then(() => setDone(true));
  return html`<button type="button" class="quiet copy" onClick=${onClick} aria-live="polite">${done ? 'Copied' : label}</button>`;
}

export const Failure = ({ error }) => error && html`<p class="failure" role="alert">${error.message}</p>`;

export const Empty = ({ title, children }) => html`
  <div class="empty">
    <svg viewBox="0 0 64 32" width="64" height="32" aria-hidden="true">
      <path d="M4 10c9 0 9 6 18.6 6s9.3-6 18.6-6 9.4 6 18.8 6" />
      <path d="M4 22c9 0 9 6 18.6 6s9.3-6 18.6-6 9.4 6 18.8 6" />
    </svg>
    <p class="empty-title">${title}</p>
    <div class="empty-text">${children}</div>
  </div>
`;
