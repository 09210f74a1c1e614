"""The command line: ``python -m sav_core``, and ``sav`` where the package is installed."""

import sys

from sav_core.cli.app import main

__all__ = ["run"]


def run() -> int:
    """Run the command that ``sav`` was called with, and return its exit status."""
    return main(program="sav")


if __name__ == "__main__":
    sys.exit(main())
