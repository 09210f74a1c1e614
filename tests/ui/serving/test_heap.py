import subprocess
import sys

import pytest

# How many heaps glibc has opened after sixteen threads have each asked for memory at once.
_COUNT = """
import ctypes, sys, threading
from sav_ui.serving.heap import share_heaps

if sys.argv[1] == "shared":
    share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(16)

def ask():
    together.wait()
    libc.malloc(100)
    together.wait()

threads = [threading.Thread(target=ask) for _ in range(16)]
for each in threads: each.start()
for each in threads: each.join()
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the heaps are glibc's")
def test_threads_share_two_heaps():
    def heaps(how):
        told = subprocess.run([sys.executable, "-c", _COUNT, how], capture_output=True, text=True, check=True, timeout=60)
        return told.stdout.count("<heap nr=")

    assert heaps("as they are") > 2
    assert heaps("shared") <= 2
