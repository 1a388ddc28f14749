// A line over time, drawn by uPlot in the page's colours.
import { html, useEffect, useRef } from './vendor/preact.js';
import uPlot from './vendor/uplot.js';

const HEIGHT = 190;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width, { series, format, seconds }) {
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
    cursor: { y: false, points: { size: 7 }, drag: { setScale: false } },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: true, range: (_, __, max) => [max - seconds, max] },
      y: { range: (_, __, max) => [0, Math.max(max * 1.15, series.atLeast)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 30, values: '{HH}:{mm}:{ss}', space: 90 },
      { ...axis, size: 58, values: (_, splits) => splits.map(format), space: 42 },
    ],
    series: [
      {},
      {
        label: series.label,
        stroke: colour(series.colour),
        fill: `${colour(series.colour)}1c`,
        width: 1.75,
        points: { show: false },
        spanGaps: false,
      },
    ],
  };
}

/** `times` in seconds since 1970 and `values`, of equal length; `series`: label, colour (a custom property), atLeast. */
export function Chart({ times, values, series, format, seconds }) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef([times, values]);
  latest.current = [times, values];
  useEffect(() => {
    const build = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(place.current.clientWidth, { series, format, seconds }), latest.current, place.current);
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
  useEffect(() => plot.current?.setData(latest.current), [times, values]);
  return html`<div class="chart" ref=${place} role="img" aria-label=${series.label}></div>`;
}
