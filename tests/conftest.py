"""One machine for all tests: no network, one thread, folders of their own, tiny models made once a session.

Under pytest-xdist every worker is a session: it reads this file anew, so each has its own folders and models, and computes
in one thread. What drives a browser waits for it half of the time, so three workers fill two cores.
"""

import gc
import os
import tempfile
from pathlib import Path

_OWN = tempfile.TemporaryDirectory(prefix="sav-tests-")
os.environ |= {
    "GRADIO_TEMP_DIR": f"{_OWN.name}/uploads",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "SAV_CACHE_DIR": f"{_OWN.name}/cache",
    "TOKENIZERS_PARALLELISM": "false",
}

import pytest  # noqa: E402  # after the environment, which libraries read when they are imported

_TOGETHER = ("ui/vectors", "core/models", "core/activations")  # heads found with the embedded model; models of every kind
_LONG = (
    *("test_wheel.py", "docs", "tools", "ui/test_api.py", "ui/test_templates.py", "ui/test_one_left_out.py"),
    *("core/bulk/test_devices.py", "core/cli", "core/test_embedded_model.py", "core/test_notebook.py"),
)
_FIRST = ("browser/test_vectors.py", "browser", *_TOGETHER, *_LONG)
_BROWSING = 2  # workers that begin with the browser: each has an app and a Chromium, which are two gigabytes


def pytest_collection_modifyitems(items):
    """What takes minutes begins first, so that workers who take file after file end at the same time."""
    tests = Path(__file__).parent
    places = [tests / name for name in _FIRST]
    items.sort(key=lambda item: [not item.path.is_relative_to(place) for place in places])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file stays in one worker, and so does a folder whose tests share what is dear to make.

    Two workers begin with the browser; a third begins with what computes, and helps them only when nothing else is left.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByRoom(LoadFileScheduling):
        def _assign_work_unit(self, node):
            if self.nodes.index(node) >= _BROWSING:
                quiet = (room for room in self.workqueue if not room.startswith("tests/browser/"))
                self.workqueue.move_to_end(next(quiet, next(iter(self.workqueue))), last=False)
            super()._assign_work_unit(node)

        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return next((room for room in _TOGETHER if file.startswith(f"tests/{room}/")), file)

    return ByRoom(config, log)


def pytest_collection_finish():
    """What is imported by now stays, so the collector need not look through it again and again."""
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """``tiny_checkpoint("qwen2_vl")`` is the folder of a tiny random checkpoint; never write into it, copy it."""
    from tests.support.tiny_models import write_checkpoint

    folders = {}

    def folder(architecture):
        if architecture not in folders:
            folders[architecture] = write_checkpoint(architecture, tmp_path_factory.mktemp("tiny") / architecture)
        return folders[architecture]

    return folder


@pytest.fixture(scope="session")
def tiny_backbone(tiny_checkpoint):
    """``tiny_backbone("qwen2_vl")`` is that checkpoint loaded in float32, shared by all tests of the session."""
    import torch

    from sav_core.models.backbones import load_backbone

    torch.set_num_threads(1)
    backbones = {}

    def backbone(architecture):
        if architecture not in backbones:
            backbones[architecture] = load_backbone(tiny_checkpoint(architecture), dtype="float32")
        return backbones[architecture]

    return backbone


@pytest.fixture(scope="session")
def embedded_backbone():
    """The model that ships, loaded in float32, shared by all tests of the session."""
    from sav_core.models.backbones import load_backbone

    return load_backbone(dtype="float32")
