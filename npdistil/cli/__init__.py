"""The command `npdistil`: reads arguments, calls the library, prints."""

from .main import main as main
from .main import program as program
