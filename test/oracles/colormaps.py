# Every fifth of matplotlib's 256 colours as bytes: the anchors in src/program/colormaps.ts, and how far a line between them is off.
# matplotlib 3.11.2 (lib/matplotlib/_cm_listed.py; the maps are CC0)
import matplotlib
import numpy as np

for name in ["viridis", "magma"]:
    colours = np.array(matplotlib.colormaps[name].colors)
    anchors = np.round(colours[::5] * 255)
    place = np.arange(256) / 5
    below = np.minimum(place.astype(int), len(anchors) - 2)
    part = (place - below)[:, None]
    line = anchors[below] * (1 - part) + anchors[below + 1] * part
    print(name, len(anchors), "anchors, within", np.abs(line - colours * 255).max(), "of 255")
    print("".join("%02x%02x%02x" % tuple(a.astype(int)) for a in anchors))
