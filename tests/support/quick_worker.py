"""A device's worker without a model: every example is answered with its name, and some end the process."""

import os

from sav_core.bulk.task import Facts, Outcome, Task
from sav_core.bulk.wire import outcome_as_wire, portion_from_dict
from sav_core.data.workers.loop import serve
from sav_core.types import Geometry, Head


def answer(request, payload):
    task = Task.from_dict(request["task"])
    chosen = "float32" if task.dtype == "auto" else task.dtype
    odd = "another" if task.model == f"odd on {request['device']}" else "the same"
    facts = Facts("quick", odd, chosen, Geometry(1, 1, 1), (Head(0, 0),))
    if request["portion"] is None:
        return {"facts": facts.as_dict()}, []
    portion = portion_from_dict(request["portion"])
    if task.model == "fatal" or (task.model == "lost once" and portion.number == 1 and _first_time(portion)):
        os._exit(1)
    if task.model == "faulty" and portion.number:
        return {"fault": "ImageError", "text": f"portion {portion.number} is none"}, []
    wide = task.levels is None and task.model == "wide"
    return outcome_as_wire(Outcome(portion.number, facts, tuple(one.images[0] for one in portion.listed), wide=wide))


def _first_time(portion):
    mark = portion.listed[0].source.root / f"tried {portion.number}"
    if mark.exists():
        return False
    mark.touch()
    return True


if __name__ == "__main__":
    serve(answer, of_strangers=False)
