"""SAV Explorer: builds the pages and serves them; ``--mcp`` serves their endpoints as MCP tools too."""

import sys

from sav_core.errors import SettingError
from sav_ui.api import wants_mcp
from sav_ui.models import Shelf
from sav_ui.shell import build
from sav_ui.theme import look

shelf = Shelf()
demo = build(shelf)

if __name__ == "__main__":
    try:
        mcp = wants_mcp(sys.argv[1:])
    except SettingError as error:
        sys.exit(str(error))
    demo.queue(default_concurrency_limit=8).launch(
        **look(),
        max_file_size="1gb",
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        mcp_server=mcp,
        prevent_thread_lock=True,
    )
    shelf.warm()  # not sooner: on a slow machine it starves the server of the seconds in which launch must reach it
    demo.block_thread()
