"""One visitor's action, from its name to a change of their session: the one place where pages hand over what was done.

    def _rename(context, data):                     # at once, under the session's lock
        context.session.edit(lambda project: project.renamed(data["label"], data["value"]))
        context.did("Renamed a label.")             # one step, which can be undone

    def _add(context, data):                        # in two steps
        examples = read_pictures(uploads(data["files"]))
        yield                                       # from here on under the lock
        context.session.edit(lambda project: project.with_examples(data["label"], examples))

    dispatch({"rename": _rename, "add": _add}, context, data)

What stands before the ``yield`` may take as long as a disk does: it reads, and changes nothing. So one visitor's large
upload keeps none of their other clicks waiting, and no change is lost between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import isgeneratorfunction
from typing import TypeAlias

from sav_core.errors import SavError
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import learn_details, refit_if_ready
from sav_ui.uploads.files import LeftOutError, reading_uploads

__all__ = ["Action", "Actions", "Steps", "dispatch"]

Steps: TypeAlias = Iterator[None]
_ENDED = object()
Action: TypeAlias = Callable[[Context, Data], "Steps | None"]
"""Does what one name means: a function, or a generator that yields once, see above."""
Actions: TypeAlias = Mapping[str, Action]
"""What a page can ask for, by name."""


def dispatch(actions: Actions, context: Context, data: Data) -> None:
    """Do what a page asks for, by the name ``data["do"]``; what goes wrong becomes a notice, and the work stays.

    What it changes of the work is one step that can be undone. Afterwards heads are found again if the model has seen every
    example. A name that means nothing does nothing.
    """
    action = actions.get(str(data.get("do", "")))
    if action is None:
        return
    session = context.session
    try:
        steps = action(context, data) if isgeneratorfunction(action) else None
        with reading_uploads(), context.memory.reading(session.brought_bytes if steps is not None else 0):
            if steps is not None and next(steps, _ENDED) is _ENDED:
                return  # there is nothing to change
            with session.step():
                session.download = None
                if steps is None:
                    action(context, data)
                else:
                    next(steps, None)
        refit_if_ready(session, context.models)
        learn_details(session, session.project.model, context.models.ready(session.project.model))
    except LeftOutError as error:
        context.say(str(error), left_out=error.left_out)
    except SavError as error:
        context.say(error)
    except UNREADABLE:
        context.say(NOT_UNDERSTOOD)
