"""Prints the functions of a program in the order in which they first ran: order.py PROGRAM TRACE...

A trace is what `valgrind --vex-guest-chase=no --trace-flags=10000000` writes: every block of code when it is first reached."""

import bisect
import re
import subprocess
import sys

program, traces = sys.argv[1], sys.argv[2:]
BLOCK = re.compile(r"^(?:==\d+== )?==== SB \d+ .*\] 0x([0-9a-f]+) (?:.* " + re.escape(program) + r"\+0x([0-9a-f]+))?")

symbols = []
for line in subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout.splitlines():
    parts = line.split()
    if len(parts) == 3 and parts[1] in "tTwW":
        symbols.append((int(parts[0], 16), parts[2]))
symbols.sort()
starts = [start for start, _ in symbols]

for trace in traces:
    with open(trace, errors="replace") as lines:
        blocks = [block for block in map(BLOCK.match, lines) if block]
    # Where the program was put: valgrind tells the place in the file of those blocks alone that lie in `.text` proper.
    moved = [int(block[1], 16) - int(block[2], 16) for block in blocks if block[2]]
    for block in blocks if moved else []:
        at = bisect.bisect_right(starts, int(block[1], 16) - moved[0]) - 1
        if at >= 0:
            print(symbols[at][1])
