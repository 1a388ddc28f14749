// The frame around the views, and which of them is shown.
import { html, render, useEffect, useState } from './vendor/preact.js';
import { startMonitor, useMonitor } from './monitor.js';
import { href, navigate, useRoute } from './router.js';
import { Dialog, Empty, Kbd, useShortcuts } from './ui.js';
import { Clients } from './views/clients.js';
import { Overview } from './views/overview.js';
import { Topic } from './views/topic.js';
import { Topics } from './views/topics.js';

const SECTIONS = [
  ['', 'Overview', 'g o'],
  ['topics', 'Topics', 'g t'],
  ['clients', 'Clients', 'g c'],
];

const SHORTCUTS = [
  ['g o', 'Overview'],
  ['g t', 'Topics'],
  ['g c', 'Clients'],
  ['/', 'Search, or filter records'],
  ['n', 'New topic, or publish a record'],
  ['p', 'Pause or go on with the live tail'],
  ['j  k', 'Next and previous record'],
  ['Esc', 'Close what is open'],
  ['?', 'This list'],
];

function Health() {
  const { status, error, connected } = useMonitor();
  const [kind, text] =
    status?.state === 'failed'
      ? ['bad', 'Storage failed']
      : error || (status && !connected)
        ? ['bad', 'Disconnected']
        : status
          ? ['good', 'Live']
          : ['waiting', 'Connecting'];
  return html`<span class="health ${kind}" role="status"><span class="dot"></span>${text}</span>`;
}

function Header({ section, onHelp }) {
  return html`
    <header class="top">
      <a class="skip" href="#content" onClick=${(event) => (event.preventDefault(), document.getElementById('content').focus())}>
        Skip to content
      </a>
      <a class="brand" href="#/" aria-label="leat, overview">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
          <rect width="32" height="32" rx="9" />
          <path d="M6 11c3.3 0 3.3 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3" />
          <path d="M6 18.5c3.3 0 3.3 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3" />
        </svg>
        <span>leat</span>
      </a>
      <nav aria-label="Sections">
        ${SECTIONS.map(
          ([path, name, keys]) => html`
            <a href=${path ? href([path]) : '#/'} aria-current=${section === path ? 'page' : null} title="${name} (${keys})">${name}</a>
          `,
        )}
      </nav>
      <div class="top-end">
        <${Health} />
        <button type="button" class="quiet icon" title="Keyboard shortcuts (?)" aria-label="Keyboard shortcuts" onClick=${onHelp}>?</button>
      </div>
    </header>
  `;
}

function Help({ onClose }) {
  return html`
    <${Dialog} title="Keyboard" onClose=${onClose}>
      <dl class="shortcuts">
        ${SHORTCUTS.map(([keys, what]) => html`<div><dt><${Kbd} keys=${keys} /></dt><dd>${what}</dd></div>`)}
      </dl>
      <div class="actions"><button type="button" onClick=${onClose}>Close</button></div>
    <//>
  `;
}

const TITLES = { '': 'Overview', topics: 'Topics', clients: 'Clients' };

function View({ route }) {
  const [section = '', name, extra] = route.segments;
  if (section === '') return html`<${Overview} />`;
  if (section === 'clients' && name === undefined) return html`<${Clients} />`;
  if (section === 'topics' && name === undefined) return html`<${Topics} />`;
  if (section === 'topics' && extra === undefined) return html`<${Topic} key=${`${name} ${route.visit}`} name=${name} params=${route.params} />`;
  return html`<${Empty} title="There is nothing here"><a href="#/">Go to the overview</a><//>`;
}

function App() {
  const route = useRoute();
  const [helps, setHelps] = useState(false);
  const [section = '', name] = route.segments;
  useEffect(() => {
    document.title = `${name ?? TITLES[section] ?? 'Not found'} · leat`;
  }, [section, name]);
  useShortcuts({
    'g o': () => navigate([]),
    'g t': () => navigate(['topics']),
    'g c': () => navigate(['clients']),
    '?': () => setHelps(true),
  });
  return html`
    <${Header} section=${section} onHelp=${() => setHelps(true)} />
    <main id="content" tabindex="-1"><${View} route=${route} /></main>
    ${helps && html`<${Help} onClose=${() => setHelps(false)} />`}
  `;
}

startMonitor();
render(html`<${App} />`, document.getElementById('app'));
