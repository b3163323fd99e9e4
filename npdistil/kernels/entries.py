"""The engine's compiled functions, as Python calls them."""

from .model import ENCODE, PACK_PANELS, POOLER
from .objects.unit import Entry, Function, Unit

ENGINE = Unit(
    "engine",
    __name__,
    (
        Function(".forward", "encode", ENCODE),
        Function(".pooler", "pooler", POOLER),
        Function(".pack_panels", "pack_panels", PACK_PANELS),
    ),
)

encode = Entry(ENGINE, "encode")
pooler = Entry(ENGINE, "pooler")
pack_panels = Entry(ENGINE, "pack_panels")
