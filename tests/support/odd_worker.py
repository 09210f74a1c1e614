"""A worker that does what it is told to, good or bad."""

import os
import threading
import time
from pathlib import Path

from sav_core.data.workers.loop import serve


def answer(request, payload):
    says, parts = {}, []
    match request["do"]:
        case "echo":
            return {"said": request["said"], "pid": os.getpid()}, [payload, b"", payload[:1]]
        case "die":
            os.abort()
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "wait":
            while not Path(request["for"]).exists():
                time.sleep(0.01)
        case "eat":
            try:
                says = {"length": len(bytearray(request["length"]))}
            except MemoryError:
                says = {"short": True}
        case "leave":
            threading.Timer(0.05, os._exit, [0]).start()
        case "chatter":
            os.write(1, b"not an answer\n")
    return says, parts


if __name__ == "__main__":
    serve(answer)
