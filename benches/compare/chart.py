"""Bar charts as SVG text: one panel per depth of pipeline, a group of bars per workload, a bar per server.

    title
    ■ shoal  ■ redis                         legend
    ┌ 1 request in flight ┐┌ 16 ┐┌ 64 ┐     panels, each with a scale of its own
    │ ▇▅  ▇▄              ││    ││    │
    └ set  get ───────────┘└────┘└────┘
"""

import math
from xml.sax.saxutils import escape

COLOURS = ["#0b6e4f", "#c8553d", "#4a6fa5", "#8d6a9f", "#c99a2e", "#6b7280"]
INK, FAINT, PAPER = "#1f2933", "#d8dde3", "#ffffff"
PANEL_WIDTH, PANEL_HEIGHT, GAP = 300, 200, 46
TOP, LEFT, BOTTOM = 84, 46, 44


def text(x, y, words, size=12, anchor="start", colour=INK, weight="normal"):
    """A line of text."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def scale(highest):
    """A round top of the axis, and the step between its lines."""
    magnitude = 10 ** math.floor(math.log10(highest)) if highest > 0 else 1
    step = next(s * magnitude for s in (0.2, 0.25, 0.5, 1, 2, 2.5) if highest <= 5 * s * magnitude)
    return step * math.ceil(highest / step - 1e-9), step


def number(value):
    """The digits that matter in a small space."""
    return f"{value:.2g}" if value < 1 else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def panel(left, title, groups, series):
    """One panel. `groups`: [(label, {server: value})]."""
    top_value, step = scale(max((v for _, values in groups for v in values.values()), default=1))
    bottom = TOP + PANEL_HEIGHT
    parts, labels = [text(left, TOP - 12, title, 13, weight="bold")], []
    for line in range(round(top_value / step) + 1):
        y = bottom - PANEL_HEIGHT * line * step / top_value
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + PANEL_WIDTH}" y2="{y:.1f}" stroke="{FAINT}"/>')
        parts.append(text(left - 6, y + 4, number(line * step), 11, "end"))
    width = PANEL_WIDTH / max(len(groups), 1)
    bar = width * 0.8 / len(series)
    for at, (label, values) in enumerate(groups):
        start = left + width * (at + 0.1)
        for index, name in enumerate(series):
            if name not in values:
                continue
            height = PANEL_HEIGHT * values[name] / top_value
            x, y = start + bar * index, bottom - height
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar * 0.92:.1f}" height="{height:.1f}" '
                         f'fill="{COLOURS[index % len(COLOURS)]}">'
                         f'<title>{escape(name)}, {escape(label)}: {number(values[name])}</title></rect>')
            if index == 0:
                labels.append(text(x + bar * 0.46, y - 4, number(values[name]), 10, "middle"))
        parts.append(text(left + width * (at + 0.5), bottom + 18, label, 12, "middle"))
    return parts + labels


def bars(title, subtitle, panels, series):
    """The whole chart. `panels`: [(title, groups)]; only the first server's bars carry their figures."""
    width = LEFT + len(panels) * (PANEL_WIDTH + GAP)
    height = TOP + PANEL_HEIGHT + BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
             f'height="{height}" font-family="system-ui, sans-serif" role="img">',
             f"<title>{escape(title)}</title>",
             f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
             text(LEFT - 30, 24, title, 16, weight="bold"), text(LEFT - 30, 42, subtitle, 12, colour="#52606d")]
    x = width - GAP / 2
    for index in reversed(range(len(series))):
        x -= 7 * len(series[index]) + 8
        parts.append(text(x, 24, series[index], 12))
        x -= 16
        parts.append(f'<rect x="{x:.1f}" y="14" width="12" height="12" fill="{COLOURS[index % len(COLOURS)]}"/>')
    for at, (name, groups) in enumerate(panels):
        parts.extend(panel(LEFT + at * (PANEL_WIDTH + GAP), name, groups, series))
    return "\n".join(parts + ["</svg>\n"])
