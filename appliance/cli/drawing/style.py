"""How a page looks: by day, by night and on paper. Everything is in the page; nothing is fetched from anywhere."""

from __future__ import annotations

_COLOURS = """
:root { color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --ink: #1b1f24; --faint: #59636e; --grid: #d5dae0;
  --good: #2a8c4a; --warning: #b97a00; --failed: #c9302c; --none: #c3c9d0;
  --c0: #0b6fb8; --c1: #d1701c; --c2: #0a8f72; --c3: #b84a8c; --c4: #8a7500; --c5: #5b5bd0; --c6: #7a4a2b;
  --others: #7d8894; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171b; --card: #1d2127; --ink: #e6e9ed; --faint: #9da7b3; --grid: #343b44;
  --good: #4cbb6c; --warning: #e0a52e; --failed: #f0625d; --none: #3f4751;
  --c0: #56aee8; --c1: #ef9a52; --c2: #3fc7a3; --c3: #e085bd; --c4: #d3bd3d; --c5: #9c9cf2; --c6: #c59070;
  --others: #8f99a5; } }
@media print { :root { color-scheme: light;
  --paper: #ffffff; --card: #ffffff; --ink: #000000; --faint: #444444; --grid: #cccccc;
  --good: #2a8c4a; --warning: #b97a00; --failed: #c9302c; --none: #c3c9d0;
  --c0: #0b6fb8; --c1: #d1701c; --c2: #0a8f72; --c3: #b84a8c; --c4: #8a7500; --c5: #5b5bd0; --c6: #7a4a2b;
  --others: #7d8894; } }
"""
_SHAPES = """
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0 auto; padding: 24px; max-width: 1240px; background: var(--paper); color: var(--ink);
  font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 22px; } h2 { margin: 0 0 8px; font-size: 14px; }
header p, footer { margin: 4px 0 16px; color: var(--faint); }
.tiles, .plots { display: grid; gap: 12px; margin-bottom: 12px; padding: 0; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.plots { grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); }
.card { background: var(--card); border: 1px solid var(--grid); border-radius: 6px; padding: 12px; }
.tiles dt { color: var(--faint); } .tiles dd { margin: 0; font-size: 22px; font-weight: 600; }
.tiles small { display: block; color: var(--faint); font-size: 12px; font-weight: 400; }
svg { display: block; width: 100%; height: auto; } svg.small { width: auto; height: 18px; }
path.fill { shape-rendering: crispEdges; }
.fill.c0 { fill: var(--c0); } .fill.c1 { fill: var(--c1); } .fill.c2 { fill: var(--c2); } .fill.c3 { fill: var(--c3); }
.fill.c4 { fill: var(--c4); } .fill.c5 { fill: var(--c5); } .fill.c6 { fill: var(--c6); }
.fill.others { fill: var(--others); } .fill.good { fill: var(--good); } .fill.warning { fill: var(--warning); }
.fill.failed { fill: var(--failed); } .fill.none { fill: var(--none); }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); }
.line.c6 { stroke: var(--c6); } .line.others { stroke: var(--others); }
.grid { stroke: var(--grid); } .pane { fill: transparent; }
.pane:hover { fill: var(--ink); fill-opacity: 0.08; }
.axis { fill: var(--faint); font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 6px 0 0; padding: 0; list-style: none;
  color: var(--faint); font-size: 12px; }
.key { display: inline-block; width: 10px; height: 10px; margin-right: 5px; border-radius: 2px; }
.key.c0 { background: var(--c0); } .key.c1 { background: var(--c1); } .key.c2 { background: var(--c2); }
.key.c3 { background: var(--c3); } .key.c4 { background: var(--c4); } .key.c5 { background: var(--c5); }
.key.c6 { background: var(--c6); } .key.others { background: var(--others); } .key.good { background: var(--good); }
.key.warning { background: var(--warning); } .key.failed { background: var(--failed); }
.key.none { background: var(--none); }
.wide { overflow-x: auto; }
table { font-size: 13px; border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 7px; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--grid); }
thead th { color: var(--faint); font-weight: 500; } .number { text-align: right; }
td.failing, td.overdue { color: var(--failed); font-weight: 600; } td.never { color: var(--warning); }
"""
_PAPER = """
@page { size: A4 landscape; margin: 12mm; }
@media print { body { max-width: none; padding: 0; font-size: 10px; } .plots { grid-template-columns: 1fr 1fr 1fr; }
  .tiles { grid-template-columns: repeat(6, 1fr); } .tiles dd { font-size: 16px; }
  .tiles small, .legend, table { font-size: 9px; }
  .card { padding: 8px; break-inside: avoid; } .wide { overflow: visible; break-inside: auto; }
  th, td { padding: 2px 5px; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""
SHEET = _COLOURS + _SHAPES + _PAPER
