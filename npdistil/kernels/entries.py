"""The engine's compiled functions, as Python calls them."""

from .model import ENCODE, POOLER
from .objects.unit import Entry, Function, Unit

ENGINE = Unit(
    "engine",
    __name__,
    (Function(".forward", "encode", ENCODE), Function(".pooler", "pooler", POOLER)),
)

encode = Entry(ENGINE, "encode")
pooler = Entry(ENGINE, "pooler")
