"""``python -m sav_core``: the command line."""

import sys

from sav_core.cli import main

sys.exit(main())
