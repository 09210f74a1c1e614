"""``python -m tools.report``: what the embedded model's heads are worth; ``.vectors`` and ``.causes`` run by themselves."""

from tools.report.heads import main

main()
