// How figures and bytes are written for people.
const integer = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const count = (value) => (value == null ? '–' : integer.format(value));
export const shortCount = (value) => (value == null ? '–' : compact.format(value));
export const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export function bytes(value) {
  if (value == null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    ++at;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

export function rate(value) {
  if (value == null) return '–';
  if (value === 0) return '0';
  return value < 10 ? value.toFixed(1) : compact.format(value);
}

export function milliseconds(value) {
  if (value == null) return '–';
  return value === 0 ? '0 ms' : `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)} ms`;
}

/** The two largest units: "3 d 4 h", "12 s". */
export function duration(ms) {
  if (ms == null) return '–';
  const parts = [];
  let seconds = Math.floor(ms / 1000);
  for (const [unit, length] of [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]) {
    const whole = Math.floor(seconds / length);
    seconds -= whole * length;
    if (whole > 0 || (unit === 's' && parts.length === 0)) parts.push(`${whole} ${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

const pad = (value, width = 2) => String(value).padStart(width, '0');

export function clockTime(ms) {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
}

export function dateTime(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clockTime(ms)}`;
}

function fromBase64(text) {
  const binary = atob(text);
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

const ENGINES = /(Firefox|HeadlessChrome|Chrome|Safari)\/(\d+)/;
const SYSTEMS = /Windows|Android|iPhone|iPad|Mac OS X|Linux/;

/** What a program calls itself; browsers, which call themselves everything, in short. */
export function programName(name) {
  if (!name.startsWith('Mozilla/')) return name;
  const engine = name.match(/(Edg|OPR)\/(\d+)/) ?? name.match(ENGINES);
  return [engine ? `${engine[1]} ${engine[2]}` : 'Browser', name.match(SYSTEMS)?.[0]].filter(Boolean).join(', ');
}

/** Any text as one line: a sign for each line's end and tab, a dot for what cannot be seen. */
export const oneLine = (text) =>
  text.replace(/\r?\n/g, '↵').replace(/\t/g, '→').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '·');

/** A field of a record (key or value) as bytes, or null when the record has none. */
export function bytesOf(record, field) {
  if (record[`${field}_base64`] !== undefined) return fromBase64(record[`${field}_base64`]);
  return record[field] == null ? null : new TextEncoder().encode(record[field]);
}

/** The same as text, with what is no text marked as such. */
export function textOf(record, field) {
  if (record[`${field}_base64`] !== undefined) return new TextDecoder().decode(fromBase64(record[`${field}_base64`]));
  return record[field] ?? null;
}

/** The text of a JSON value with an indentation, or null when it is none. */
export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** Offset, sixteen bytes, and the same as ASCII; `shown_max` bytes of it. */
export function hexDump(content, shownMax = 64 * 1024) {
  const lines = [];
  const end = Math.min(content.length, shownMax);
  for (let at = 0; at < end; at += 16) {
    const row = content.subarray(at, Math.min(at + 16, end));
    const hex = Array.from(row, (byte) => pad(byte.toString(16))).join(' ');
    const ascii = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${pad(at.toString(16), 8)}  ${hex.padEnd(47)}  ${ascii}`);
  }
  if (end < content.length) lines.push(`… ${bytes(content.length - end)} more`);
  return lines.join('\n');
}

export async function copy(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch {
    return copyFromField(text);
  }
}

/** Over plain HTTP from another machine browsers have no clipboard for pages, and elsewhere they may refuse it. */
function copyFromField(text) {
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
  focused?.focus();
}

export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
