"""The engine's compiled functions, as Python calls them."""

from .model import DENSE, ENCODE, PACK_PANELS
from .objects.unit import Entry, Function, Unit

ENGINE = Unit(
    "engine",
    __name__,
    (
        Function(".forward", "encode", ENCODE),
        Function(".dense", "dense", DENSE),
        Function(".pack_panels", "pack_panels", PACK_PANELS),
    ),
)

encode = Entry(ENGINE, "encode")
dense = Entry(ENGINE, "dense")
pack_panels = Entry(ENGINE, "pack_panels")
