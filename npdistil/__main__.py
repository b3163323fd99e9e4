"""`python -m npdistil`, for where the `npdistil` script is not on the path."""

import sys

from .cli import main

sys.exit(main())
