"""Draws the dashboard from what a real Prometheus has answered: python dashboard_picture.py RECORD PICTURE.

It needs matplotlib and nothing of ours, and runs in an environment of its own (`make dashboard`).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import matplotlib as mpl
from matplotlib import dates
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

# Inches for a column and for a row of the dashboard's grid, which has 24 columns.
COLUMN, ROW, COLUMNS = 0.6, 0.3, 24
MOST_LEGENDS = 8


def shown(value: float, unit: str) -> str:
    """A value with its unit, as short as Grafana writes it."""
    if unit == "bytes":
        for name, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}"
        return f"{value:.3g} B"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if 0 < abs(value) < 1 else f"{value:.3g} s"
    if unit == "percentunit":
        return f"{value:.1%}"
    return f"{value:.3g}" + (" /s" if unit == "ops" else "")


def times_and_values(series: dict[str, Any]) -> tuple[list[datetime], list[float]]:
    pairs = series["values"]
    return [datetime.fromtimestamp(at, UTC) for at, _ in pairs], [float(value) for _, value in pairs]


def draw_number(axes: Any, panel: dict[str, Any]) -> None:
    axes.axis("off")
    lines = []
    for series in panel["series"]:
        value = shown(times_and_values(series)[1][-1], panel["unit"])
        lines.append(f"{series['legend']}: {value}" if series["legend"] else value)
    axes.text(0.5, 0.45, "\n".join(lines), ha="center", va="center", fontsize=17 if len(lines) == 1 else 12)


def draw_lines(axes: Any, panel: dict[str, Any]) -> None:
    kept = sorted(panel["series"], key=lambda series: -max(times_and_values(series)[1]))
    for series in kept:
        axes.plot(*times_and_values(series), linewidth=1, label=series["legend"] or panel["title"])
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value, panel["unit"])))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
    axes.xaxis.set_major_locator(dates.AutoDateLocator(maxticks=6))
    axes.grid(alpha=0.25)
    axes.tick_params(labelsize=6)
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[:MOST_LEGENDS], names[:MOST_LEGENDS], fontsize=5.5, loc="upper left", framealpha=0.6)


def draw(panels: list[dict[str, Any]], picture: str) -> None:
    """Draw all panels where the dashboard has them."""
    rows = max(panel["place"]["y"] + panel["place"]["h"] for panel in panels)
    width, height = COLUMNS * COLUMN, rows * ROW
    figure = plt.figure(figsize=(width, height))
    for panel in panels:
        place = panel["place"]
        axes = figure.add_axes(
            (
                (place["x"] * COLUMN + 0.45) / width,
                1 - ((place["y"] + place["h"]) * ROW - 0.3) / height,
                (place["w"] * COLUMN - 0.65) / width,
                (place["h"] * ROW - 0.65) / height,
            )
        )
        axes.set_title(panel["title"], fontsize=8, loc="left")
        (draw_number if panel["kind"] == "stat" else draw_lines)(axes, panel)
    figure.savefig(picture, dpi=80)


if __name__ == "__main__":
    mpl.use("Agg")
    with open(sys.argv[1], encoding="utf-8") as record:
        draw(json.load(record), sys.argv[2])
