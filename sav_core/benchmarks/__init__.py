"""The published benchmarks by name, read from the user's own copy of the data.

    loaded = load_benchmark("eurosat", "EuroSAT/2750")       # the data set's own layout, or the SAV release's files
    split = draw_split(loaded, shots=20, seed=0)             # which examples support, which are asked
    write_split("eurosat-20-0.json", split)                  # anyone can repeat it: read_split(path, loaded)

`facts` is the table of them all, `row` one row of it; `layouts` reads each data set's own files and `release` those of the
SAV release; `prompts` words the questions; `splits` draws; `scoring` counts. Nothing is downloaded, and no image is opened
before it is needed.
"""

from sav_core.benchmarks.facts import BENCHMARKS
from sav_core.benchmarks.items import Item, Loaded
from sav_core.benchmarks.loading import load_benchmark
from sav_core.benchmarks.prompts import question_of
from sav_core.benchmarks.row import Benchmark
from sav_core.benchmarks.scoring import Outcome, count
from sav_core.benchmarks.splits import Split, draw_split, narrow_split, read_split, repeated, write_split

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "Item",
    "Loaded",
    "Outcome",
    "Split",
    "count",
    "draw_split",
    "load_benchmark",
    "narrow_split",
    "question_of",
    "read_split",
    "repeated",
    "write_split",
]
