"""What fails outside of our handlers is a line of the log and a sentence for who sent it; an empty queue rests."""

import asyncio

import gradio as gr
import pytest

from sav_ui.host.quiet_blocks import QuietBlocks
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNEXPECTED
from sav_ui.port import port_of


@pytest.fixture
def answer(monkeypatch):
    """``answer(work)`` is what is told whose event does this inside of Gradio."""

    def told(work):
        async def process_api(self):
            work()

        async def one():
            await QuietBlocks().process_api()

        monkeypatch.setattr(gr.Blocks, "process_api", process_api)
        with pytest.raises(gr.Error) as error:
            asyncio.run(one())
        assert error.value.print_exception is False
        return error.value.message

    return told


def test_nonsense_is_one_line_without_what_was_sent(answer, caplog):
    assert answer(lambda: int("a secret")) == NOT_UNDERSTOOD
    (record,) = caplog.records
    assert record.getMessage().startswith("An event was not understood: ValueError at test_quiet_blocks.py:")
    assert record.exc_info is None


def test_a_fault_of_ours_is_logged_whole(answer, caplog):
    assert answer(lambda: port_of({"GRADIO_SERVER_PORT": 7})) == UNEXPECTED
    assert caplog.records[-1].exc_info is not None


def test_a_sentence_goes_on_as_it_is(answer, caplog):
    def refuse():
        raise gr.Error("Choose another.", print_exception=False)

    assert answer(refuse) == "Choose another."
    assert caplog.records == []


@pytest.mark.parametrize("look", ["start_processing", "start_progress_updates"])
def test_a_queue_in_which_nothing_waits_rests(look, monkeypatch):
    rests = []

    async def looking():
        queue = QuietBlocks().queue()._queue

        async def rest(seconds):
            rests.append(seconds)
            queue.stopped = len(rests) == 3

        monkeypatch.setattr(asyncio, "sleep", rest)
        await getattr(queue, look)()

    asyncio.run(looking())
    assert min(rests) >= 0.01, "every look wakes the process"
