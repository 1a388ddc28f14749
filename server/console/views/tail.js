// The records of a topic as they come, newest first.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact.js';
import { bytes, bytesOf, clockTime, count, dateTime, download, oneLine, plural, textOf } from '../format.js';
import { filterOf, parsePositions, Tail } from '../records.js';
import { amend } from '../router.js';
import { Empty, Failure, Kbd, useShortcuts } from '../ui.js';
import { Filter, parseConditions } from './filter.js';
import { RecordDetail } from './record.js';

const ROW_HEIGHT = 34;
const PREVIEW_CHARACTERS = 400;
const ADDRESS_INTERVAL_MS = 1000;

const idOf = (record) => `${record.partition}:${record.offset}`;

function preview(record) {
  if (record.value_base64 !== undefined) return html`<i>${bytes(bytesOf(record, 'value').length)} of binary data</i>`;
  if (record.value == null) return html`<i>null</i>`;
  return shownLine(record.value);
}

/** Nothing at all would look like a fault of the page. */
const shownLine = (text) => (text === '' ? html`<i>empty</i>` : oneLine(text.slice(0, PREVIEW_CHARACTERS)));

function keyOf(record) {
  const key = textOf(record, 'key');
  return key === null ? html`<i>none</i>` : shownLine(key);
}

/** What is read, as the address says and this view changes it; and the rows of it. */
function useTail(topic, params) {
  const [what, setWhat] = useState(() => ({
    from: params.from || 'recent',
    partition: params.partition === undefined ? undefined : Number(params.partition),
    conditions: parseConditions(params.filter),
    at: parsePositions(params.at),
  }));
  const [snapshot, setSnapshot] = useState({ rows: [], received: 0, behind: 0 });
  const tail = useRef(null);
  useEffect(() => {
    let timer = 0;
    const remember = () => {
      timer = 0;
      const at = tail.current?.position();
      if (at) amend({ at }, { silently: true });
    };
    tail.current = new Tail(topic, (next) => {
      setSnapshot(next);
      timer ||= setTimeout(remember, ADDRESS_INTERVAL_MS);
    });
    addEventListener('pagehide', remember);
    return () => {
      clearTimeout(timer);
      removeEventListener('pagehide', remember);
      tail.current.close();
      tail.current = null;
    };
  }, [topic]);
  useEffect(() => tail.current.start({ ...what, filter: filterOf(what.conditions) }), [what]);
  const read = (changes) => {
    const keepsPlace = !('from' in changes) && !('partition' in changes);
    const at = keepsPlace ? tail.current.position() : '';
    const next = { ...what, ...changes, at: parsePositions(at) };
    amend(
      { from: next.from === 'recent' ? '' : next.from, partition: next.partition, filter: next.conditions.length > 0 ? JSON.stringify(next.conditions) : '', at },
      { silently: true },
    );
    setWhat(next);
  };
  return { what, read, snapshot, pause: (paused) => tail.current.pause(paused) };
}

const JUMPS = [
  ['recent', 'Newest 100'],
  ['latest', 'From now on'],
  ['earliest', 'Earliest'],
  ['offset', 'Offset…'],
  ['time', 'Time…'],
];

/** Chooses where reading begins. */
function Jump({ from, onJump }) {
  const initial = from.startsWith('@') ? 'time' : JUMPS.some(([key]) => key === from) ? from : 'offset';
  const [kind, setKind] = useState(initial);
  const [place, setPlace] = useState(initial === 'offset' ? from : '');
  const onKind = ({ target }) => {
    setKind(target.value);
    setPlace('');
    if (target.value !== 'offset' && target.value !== 'time') onJump(target.value);
  };
  const submit = (event) => {
    event.preventDefault();
    onJump(kind === 'time' ? `@${new Date(place).toISOString()}` : place);
  };
  return html`
    <form class="jump" onSubmit=${submit}>
      <select aria-label="Show records from" value=${kind} onChange=${onKind}>
        ${JUMPS.map(([key, text]) => html`<option value=${key}>${text}</option>`)}
      </select>
      ${kind === 'offset' &&
      html`<input class="short" type="number" min="0" required aria-label="Offset" placeholder="offset" value=${place} onInput=${(event) => setPlace(event.target.value)} />`}
      ${kind === 'time' &&
      html`<input type="datetime-local" step="1" required aria-label="Time" value=${place} onInput=${(event) => setPlace(event.target.value)} />`}
      ${(kind === 'offset' || kind === 'time') && html`<button type="submit">Go</button>`}
    </form>
  `;
}

function State({ snapshot }) {
  const { reading, lost, paused, behind, rows, dropped } = snapshot;
  const [kind, text] = lost
    ? ['bad', 'Disconnected']
    : !reading
      ? ['waiting', 'Connecting']
      : paused
        ? ['paused', 'Paused']
        : behind > 0
          ? ['waiting', 'Live']
          : ['good', 'Live'];
  const figures = [
    behind > 0 && reading ? `${count(behind)} ${paused ? 'waiting' : 'to come'}` : '',
    plural(rows.length, 'row'),
    dropped > 0 ? `${count(dropped)} older let go` : '',
  ];
  // What is read out is the word alone: figures change with every record.
  return html`
    <span class="tail-state">
      <span class="health ${kind}"><span class="dot"></span><span role="status">${text}</span></span>
      <span class="hint">${figures.filter(Boolean).join(', ')}</span>
    </span>
  `;
}

/** Selected as the button goes down: a row may have moved on by the time that it comes up. */
function Row({ record, at, selected, isMany, onSelect }) {
  return html`
    <div
      id="row-${idOf(record)}" role="option" aria-selected=${selected} class="row ${isMany ? '' : 'single'}"
      style=${{ transform: `translateY(${at * ROW_HEIGHT}px)` }} onMouseDown=${(event) => event.button === 0 && onSelect(record)}
    >
      <span class="cell time" title=${dateTime(record.timestamp)}>${clockTime(record.timestamp)}</span>
      ${isMany && html`<span class="cell number">${record.partition}</span>`}
      <span class="cell number">${record.offset}</span>
      <span class="cell key">${keyOf(record)}</span>
      <span class="cell">${preview(record)}</span>
    </div>
  `;
}

/** Only the rows that are in sight are in the page. */
function Rows({ rows, selected, isMany, onSelect, onMove, children }) {
  const frame = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const before = useRef({ newest: null });
  const look = () => setView({ top: frame.current.scrollTop, height: frame.current.clientHeight });
  useEffect(() => {
    const resized = new ResizeObserver(look);
    resized.observe(frame.current);
    return () => resized.disconnect();
  }, []);
  // Who has scrolled down reads on undisturbed by what comes in above.
  useLayoutEffect(() => {
    const { newest } = before.current;
    before.current.newest = rows[rows.length - 1] ?? null;
    if (!newest || frame.current.scrollTop === 0) return;
    const added = rows.length - 1 - rows.lastIndexOf(newest);
    if (added > 0 && added < rows.length) frame.current.scrollTop += added * ROW_HEIGHT;
  }, [rows]);
  const index = selected ? rows.findIndex((row) => idOf(row) === idOf(selected)) : -1;
  const place = rows.length - 1 - index;
  useEffect(() => {
    if (index < 0) return;
    const top = place * ROW_HEIGHT;
    const { scrollTop, clientHeight } = frame.current;
    if (top < scrollTop) frame.current.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) frame.current.scrollTop = top + ROW_HEIGHT - clientHeight;
  }, [selected]);
  const first = Math.max(0, Math.floor(view.top / ROW_HEIGHT) - 5);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_HEIGHT) + 5);
  const inSight = [];
  for (let at = first; at < last; ++at) {
    const record = rows[rows.length - 1 - at];
    inSight.push(html`
      <${Row} key=${idOf(record)} record=${record} at=${at} isMany=${isMany} selected=${index === rows.length - 1 - at} onSelect=${onSelect} />
    `);
  }
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, End: Infinity, Home: -Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    onMove(step);
  };
  return html`
    <div
      ref=${frame} class="rows" role="listbox" tabindex="0" aria-label="Records, newest first"
      aria-activedescendant=${index >= 0 ? `row-${idOf(selected)}` : null} onScroll=${look} onKeyDown=${onKeyDown}
    >
      <div style=${{ height: `${rows.length * ROW_HEIGHT}px` }}>${inSight}</div>
      ${children}
    </div>
  `;
}

function SidePanel({ title, onClose, children }) {
  // Also where somebody types, which the page's shortcuts leave alone.
  const onKeyDown = (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  };
  return html`
    <aside class="side" aria-label=${title} onKeyDown=${onKeyDown}>
      <div class="side-head">
        <h2>${title}</h2>
        <button type="button" class="quiet icon" aria-label="Close" title="Close (Esc)" onClick=${onClose}>×</button>
      </div>
      <div class="side-body">${children}</div>
    </aside>
  `;
}

function PartitionChoice({ partitions, value, onChange }) {
  if (!partitions || partitions.length === 1) return null;
  return html`
    <select aria-label="Partition" value=${value ?? ''} onChange=${({ target }) => onChange(target.value === '' ? undefined : Number(target.value))}>
      <option value="">All partitions</option>
      ${partitions.map(({ partition }) => html`<option value=${partition}>Partition ${partition}</option>`)}
    </select>
  `;
}

function Nothing({ topic, snapshot, isFiltered }) {
  if (!snapshot.reading || snapshot.error) return null;
  return isFiltered
    ? html`<${Empty} title="Nothing fits the filter so far">Records that do appear here as they come.<//>`
    : html`<${Empty} title="No records here yet">
        They appear here as they come. Publish one above, or from a shell:
        <code>leat pub ${topic} '{"id":1}' -k 1</code>
      <//>`;
}

/** `panel`: what is shown at the side instead of a record, with title, body and onClose; or nothing. */
export function RecordTail({ topic, partitions, params, panel }) {
  const { what, read, snapshot, pause } = useTail(topic, params);
  const { rows } = snapshot;
  const [selected, setSelected] = useState(null);
  const isMany = (partitions?.length ?? 1) > 1;
  const select = (record) => {
    panel?.onClose();
    setSelected(record);
  };
  const move = (step) => {
    if (rows.length === 0) return;
    const index = selected ? rows.findIndex((row) => idOf(row) === idOf(selected)) : rows.length;
    select(rows[Math.min(rows.length - 1, Math.max(0, index - step))]);
  };
  const view = useRef(null);
  // The focus goes back to the rows, not to where the page begins.
  const closeSide = () => {
    if (panel) panel.onClose();
    else setSelected(null);
    view.current.querySelector('.rows').focus();
  };
  useShortcuts({ p: () => pause(!snapshot.paused), j: () => move(1), k: () => move(-1), Escape: closeSide });
  const exportRows = () =>
    download(`${topic}.jsonl`, rows.map((record) => JSON.stringify({ topic, ...record }) + '\n').join(''), 'application/x-ndjson');
  const side = panel
    ? html`<${SidePanel} title=${panel.title} onClose=${closeSide}>${panel.body}<//>`
    : selected &&
      html`<${SidePanel} title="Offset ${selected.offset}${isMany ? `, partition ${selected.partition}` : ''}" onClose=${closeSide}>
        <${RecordDetail} key=${idOf(selected)} record=${selected} topic=${topic} />
      <//>`;
  const headings = useMemo(() => ['Time', ...(isMany ? ['Part.'] : []), 'Offset', 'Key', 'Value'], [isMany]);
  return html`
    <div ref=${view} class="tail">
      <div class="toolbar" role="toolbar" aria-label="Live tail">
        <button type="button" class="pause" aria-pressed=${snapshot.paused} onClick=${() => pause(!snapshot.paused)}>
          ${snapshot.paused ? 'Go on' : 'Pause'} <${Kbd} keys="p" />
        </button>
        <${Jump} from=${what.from} onJump=${(from) => read({ from })} />
        <${PartitionChoice} partitions=${partitions} value=${what.partition} onChange=${(partition) => read({ partition })} />
        <${Filter} conditions=${what.conditions} onChange=${(conditions) => read({ conditions })} />
        <span class="spring"></span>
        <${State} snapshot=${snapshot} />
        <button type="button" class="quiet" disabled=${rows.length === 0} title="Save these rows, one JSON object a line" onClick=${exportRows}>Export</button>
      </div>
      <${Failure} error=${snapshot.error} />
      ${snapshot.notice && html`<p class="notice">${snapshot.notice}</p>`}
      <div class="tail-body">
        <div class="tail-list">
          <div class="row-head ${isMany ? '' : 'single'}" aria-hidden="true">${headings.map((name) => html`<span class="cell">${name}</span>`)}</div>
          <${Rows} rows=${rows} selected=${selected} isMany=${isMany} onSelect=${select} onMove=${move}>
            ${rows.length === 0 && html`<${Nothing} topic=${topic} snapshot=${snapshot} isFiltered=${what.conditions.length > 0} />`}
          <//>
        </div>
        ${side}
      </div>
    </div>
  `;
}
