"""``python -m tools.report``: what the embedded model's heads are worth; ``tools.report.vectors`` runs by itself."""

from tools.report.heads import main

main()
