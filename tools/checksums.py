"""Write down the checksums of the embedded model's weights, which the app compares before it starts.

python -m tools.checksums
"""

from sav_core.models.checksums import write_sums
from sav_core.settings import settings

if __name__ == "__main__":
    write_sums(settings().embedded_model)
