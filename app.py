"""SAV Explorer: builds the pages and serves them; ``--mcp`` serves their endpoints as MCP tools too."""

import os
import sys

from sav_core.errors import SavError
from sav_ui.port import port_of

try:
    port_of(os.environ)  # or importing Gradio fails
    from sav_ui.api.endpoints import wants_mcp
    from sav_ui.app import build
    from sav_ui.launch import launch, prepare

    models = prepare()
    demo = build(models)
    if __name__ == "__main__":
        launch(demo, models, mcp=wants_mcp(sys.argv[1:]))
except SavError as error:
    if __name__ != "__main__":
        raise
    sys.exit(str(error))
