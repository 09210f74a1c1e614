"""``app.py`` with few items behind every function vector: tests of the pages wait for pages, not for figures."""

import runpy
from pkgutil import resolve_name

from tests.support.vector_page import FEW

for name, count in FEW.items():
    module, _, constant = name.rpartition(".")
    setattr(resolve_name(module), constant, count)
runpy.run_path("app.py", run_name="__main__")
