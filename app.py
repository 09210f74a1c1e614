"""SAV Explorer: builds the pages and serves them."""

from sav_ui.models import Shelf
from sav_ui.shell import build
from sav_ui.theme import look

shelf = Shelf()
demo = build(shelf)

if __name__ == "__main__":
    shelf.warm()
    demo.queue(default_concurrency_limit=8).launch(
        **look(), max_file_size="1gb", footer_links=["api"], run_history=False, ssr_mode=False, show_error=False
    )
