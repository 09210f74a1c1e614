"""``python -m tools.report``: what the embedded model's heads are worth; its other modules run by themselves."""

from tools.report.heads import main

main()
