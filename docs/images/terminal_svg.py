#!/usr/bin/env python3
"""Draws what a terminal showed at the end as an SVG picture: terminal_svg.py TITLE < typescript > picture.svg

The input is what a program wrote to a terminal, as `script` records it. Progress that was erased again is not drawn. Only what
our program uses is understood: carriage return, erase line, bold, dim, green and back.
"""

import html
import re
import sys

CELL, LINE, PAD, BAR = 8.0, 19, 18, 34
STYLES = {"1": "bold", "2": "dim", "32": "green", "38;5;2": "green"}
OFF = {"0", "", "22", "39"}


def cells(line):
    """The line as (character, style) pairs, as a terminal holds them at the end."""
    held, at, style = [], 0, None
    for match in re.finditer(r"\x1b\[([0-9;?]*)([A-Za-z])|(.)", line):
        codes, letter, character = match.groups()
        if letter == "m":
            style = None if codes in OFF else STYLES.get(codes, style)
        elif letter == "K":
            held = [] if codes == "2" else held[:at]
        elif character == "\r":
            at = 0
        elif character:
            held += [(" ", None)] * (at + 1 - len(held))
            held[at] = (character, style)
            at += 1
    while held and held[-1][0] == " ":
        held.pop()
    return held


def spans(held):
    """Neighbours of one style together: (column, text, style)."""
    found = []
    for column, (character, style) in enumerate(held):
        if found and found[-1][2] == style:
            found[-1][1] += character
        else:
            found.append([column, character, style])
    return [span for span in found if span[1].strip()]


def main():
    text = sys.stdin.buffer.read().decode("utf-8")
    text = re.sub(r"^Script started.*\n|\n*Script done.*\n?", "", text)
    lines = [cells(line) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    width = max(map(len, lines)) * CELL + 2 * PAD
    height = len(lines) * LINE + BAR + PAD
    title = html.escape(sys.argv[1])
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
          f'viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{title}">')
    print("<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d7dde5;white-space:pre}"
          ".bold{font-weight:700;fill:#fff}.dim{fill:#8b97a5}.green{fill:#7fd18b}</style>")
    print('<rect width="100%" height="100%" rx="8" fill="#17202b"/>')
    print(f'<text x="{PAD}" y="22" class="dim">{title}</text>')
    for row, held in enumerate(lines):
        y = BAR + (row + 1) * LINE - 5
        for column, run, style in spans(held):
            kind = f' class="{style}"' if style else ""
            length = len(run) * CELL
            print(f'<text x="{PAD + column * CELL:.0f}" y="{y}" textLength="{length:.0f}" lengthAdjust="spacingAndGlyphs"{kind}>'
                  f"{html.escape(run)}</text>")
    print("</svg>")


main()
