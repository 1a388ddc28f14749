// Lines over time, drawn by uPlot in the page's colours.
import { html, useEffect, useRef } from './vendor/preact.js';
import uPlot from './vendor/uplot.js';

const HEIGHT = 190;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width, { lines, atLeast, format, seconds }) {
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: true, range: (_, __, max) => [max - seconds, max] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.15, atLeast)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 30, values: '{HH}:{mm}:{ss}', space: 90 },
      { ...axis, size: 58, values: (_, splits) => splits.map(format), space: 42 },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        fill: `${colour(line.colour)}14`,
        width: 1.75,
        points: { show: () => false, filter: alone, size: 5, fill: colour(line.colour) },
      })),
    ],
  };
}

/** Values with nothing on either side, which no line is drawn to. */
function alone(plot, series) {
  const values = plot.data[series];
  return values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
}

/** `times` in seconds since 1970. `lines`: label, colour (a custom property) and values, as many as times. The axis reaches `atLeast`. */
export function Chart({ label, times, lines, atLeast, format, seconds }) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef(null);
  latest.current = [times, ...lines.map((line) => line.values)];
  useEffect(() => {
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(place.current.clientWidth, { lines, atLeast, format, seconds }), latest.current, place.current);
    };
    build();
    const resized = new ResizeObserver(() => plot.current.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    resized.observe(place.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', build);
    return () => {
      resized.disconnect();
      scheme.removeEventListener('change', build);
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(latest.current), [times]);
  return html`<div class="chart" ref=${place} role="img" aria-label=${label}></div>`;
}
