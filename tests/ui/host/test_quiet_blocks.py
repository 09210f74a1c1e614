"""What fails outside of our handlers is a line of the log and a sentence; panels are sent as by Gradio; a queue rests."""

import asyncio

import gradio as gr
import pytest
from gradio.block_function import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.state_holder import SessionState

from sav_ui.host.quiet_blocks import QuietBlocks
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNEXPECTED
from sav_ui.panels.panel import content, panel
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


@pytest.fixture(scope="module")
def app():
    async def made():  # where a loop runs, for outside of one Gradio leaves another open
        with QuietBlocks() as blocks:
            panels = [panel(content("nothing"), name) for name in ("one", "two")]
            tab, text = gr.State(None), gr.Textbox()
            blocks.load(lambda: None, None, [tab, *panels])
            blocks.load(lambda: None, None, [*panels, text])
            blocks.load(lambda value, name: None, [text, tab], None)
        return blocks, tab, panels, text

    return asyncio.run(made())


def test_events_are_not_kept_to_be_summed_up_after_each_of_them(app):
    async def pushed():
        queue = app[0].queue()._queue
        found = await queue.push(PredictBodyInternal(fn_index=0, data=[], session_hash="a"), None, None)
        return found, queue

    (taken, *_), queue = asyncio.run(pushed())
    assert taken
    assert len(queue) == 1
    assert queue.event_analytics == {}


def sent(app, event, predictions):
    """What both kinds of blocks send for an event, ours first, and what each then keeps of the session."""
    states, blocks = [SessionState(app[0]) for _ in range(2)], app[0]
    function: BlockFunction = blocks.fns[event]

    async def both():
        ours = await blocks.postprocess_data(function, dict(predictions), states[0])
        return ours, await gr.Blocks.postprocess_data(blocks, function, dict(predictions), states[1])

    nothing_new = {"props": {"__type__": "update"}, "__type__": "update"}  # so says Gradio of a panel that stays as it is
    found = [[gr.skip() if value == nothing_new else value for value in values] for values in asyncio.run(both())]
    return *found, *states


@pytest.mark.parametrize(
    "said",
    [
        lambda tab, one, two, text: {one: content("<b>new</b>", {"a": "{}"}), tab: "name"},
        lambda tab, one, two, text: {two: content("new")},
        lambda tab, one, two, text: {tab: "name"},
        lambda tab, one, two, text: {one: gr.skip(), tab: gr.skip()},
        lambda tab, one, two, text: gr.skip(),
    ],
)
def test_what_panels_show_is_sent_as_gradio_sends_it(app, said):
    _, tab, panels, text = app
    ours, gradios, mine, its = sent(app, 0, said(tab, *panels, text))
    assert ours == gradios
    assert mine[tab._id] == its[tab._id]


def test_what_a_panel_showed_is_not_kept_by_gradio_too(app):
    _, tab, (one, _), _ = app
    _, _, ours, gradios = sent(app, 0, {one: content("a secret"), tab: "name"})
    assert "a secret" in str(gradios.config_values)
    assert "a secret" not in str(ours.config_values)


def test_what_a_call_brings_is_not_kept_in_its_session(app):
    blocks, state = app[0], SessionState(app[0])
    found = asyncio.run(blocks.preprocess_data(blocks.fns[2], ["a secret", None], state))
    assert found == ["a secret", None]
    assert "a secret" not in str(state.config_values)


def test_what_is_no_panel_is_sent_by_gradio(app):
    _, _, (one, _), text = app
    ours, gradios, _, _ = sent(app, 1, {one: content("new"), text: 3})
    assert ours == gradios
    assert ours[-1] == "3"
