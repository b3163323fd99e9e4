"""What stands in an SVG that `explain/plots.py` drew."""

import io
import xml.etree.ElementTree as ET
from base64 import b64decode

import matplotlib as mpl
import numpy as np
from matplotlib.image import imread

from npdistil.explain import plots

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def texts_of(tree: ET.Element) -> list[str]:
    return ["".join(element.itertext()) for element in tree.iter(f"{SVG}text")]


def maps_of(tree: ET.Element, length: int) -> list[np.ndarray]:
    """The probabilities [L, L] of each map, read back from its colours."""
    colours = mpl.colormaps[plots.COLOURS](np.linspace(0, 1, 256))[:, :3]
    found = []
    for image in tree.iter(f"{SVG}image"):
        png = b64decode(image.get(HREF, "").partition(",")[2])
        pixels = imread(io.BytesIO(png), format="png")[:, :, :3]
        if pixels.shape[:2] != (length, length):
            continue  # the scale
        upside_down = "scale(1 -1)" in image.get("transform", "")
        distance = np.abs(pixels[:, :, None] - colours).sum(axis=-1)
        assert distance.min(axis=-1).max() < 0.02, "a colour of no probability"
        map_LM = (distance.argmin(axis=-1) / 255) ** 2
        found.append(map_LM[::-1] if upside_down else map_LM)
    return found
