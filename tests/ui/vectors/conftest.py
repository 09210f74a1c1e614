"""The embedded model, and sessions that have found heads or built a vector with it: found and built once for all tests."""

import pytest

from tests.support.people import pool_with
from tests.support.vector_page import FEW, begun, go, state_of, study_of


@pytest.fixture(scope="session")
def models(embedded_backbone):
    """A models with the embedded model: a tiny random one answers nothing right, so nothing could be averaged."""
    return pool_with(embedded_backbone)


def _make_few(patch):
    for name, count in FEW.items():
        patch.setattr(name, count)


@pytest.fixture
def few(monkeypatch):
    """Few items everywhere, to be quick."""
    _make_few(monkeypatch)


@pytest.fixture(scope="session")
def known(models):
    """What finding, building and judging come to, as a study that no test may change."""
    session = begun(models)
    go(session, models, "find_effects")
    assert session.notice is None, session.notice
    with pytest.MonkeyPatch.context() as patch:
        _make_few(patch)
        go(session, models, "build")
        go(session, models, "judge", where="vector")
    assert session.notice is None, session.notice
    return study_of(session)


@pytest.fixture
def found(models, known):
    """Somebody who has found heads."""
    session = begun(models)
    study = state_of(session).begin("")
    study.means, study.effects, study.zero_shot_right = known.means, known.effects, known.zero_shot_right
    return session


@pytest.fixture
def built(found, known, few):
    """Somebody who has built a vector of them and seen its first answers."""
    study = study_of(found)
    study.take(known.vector, known.sites, turn=1)
    study.words.update(known.words)
    return found


@pytest.fixture
def judged(built, known):
    """Somebody who has had it judged, too."""
    study_of(built).judged.update(known.judged)
    return built
