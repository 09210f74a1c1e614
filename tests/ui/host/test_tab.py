"""What a browser tab is sent: every part once, and all of it again when it was lost."""

import pytest

from sav_ui.host import tab as tabs
from sav_ui.host.page_host import PageHost
from sav_ui.panels.panel import content
from sav_ui.panels.parts import joined
from sav_ui.session.page_state import PageState
from sav_ui.session.store import SessionStore
from tests.support.people import pool_with

PICTURE = "data:image/webp;base64," + "A" * 400


class Words(PageState):
    """What the panels of these tests show."""

    def __init__(self):
        self.of = ["first " * 50, "second " * 50]


def show(session):
    words = session.state(Words).of
    return content(f'<img src="{PICTURE}" alt="">' + "".join(f"<p>{word}</p>" for word in words))


def change(context, data):
    context.session.state(Words).of[data["place"]] = data["text"] * 50


class Browser:
    """What it has been sent, and what its panels show of that."""

    def __init__(self, host, token="0" * 32):
        self.host, self.tab = host, host.open(token)
        self.texts = dict(host.parts.value["texts"])
        self.shown = {}
        self.take(host.shown(self.tab))

    def take(self, outputs):
        """Take what an event sends in; returns the new parts."""
        sent = self.host.as_sent(outputs)
        assert set(sent) <= set(self.host.outputs)
        fresh = sent.get(self.host.parts, {"texts": {}, "anew": False})
        if fresh["anew"]:
            self.texts.clear()
        self.texts |= fresh["texts"]
        for part, value in sent.items():
            if part not in (self.host.tab, self.host.parts):
                self.shown[part] = joined(value["html"], self.texts, value["moving"])
        return fresh["texts"]

    def do(self, place, text):
        return self.take(self.host.acted(self.tab, "one", {"place": place, "text": text}))


@pytest.fixture
def host():
    host = PageHost(pool_with(None), SessionStore())
    host.panel("one", show, act=change)
    host.panel("two", show)
    return host


def test_the_page_itself_brings_what_every_new_visitor_sees(host):
    browser = Browser(host)
    assert set(browser.shown.values()) == {show(browser.tab.session)["html"]}
    assert browser.take(host.everything(browser.tab)), "it has nothing now, as far as the host knows"
    assert PICTURE in host.parts.value["texts"].values()


def test_only_parts_that_are_new_are_sent_and_each_once_for_all_panels(host):
    browser = Browser(host)
    fresh = browser.do(1, "third ")
    assert [text for text in fresh.values() if "third" in text] == [f"<p>{'third ' * 50}</p>"]
    assert not any("first" in text or PICTURE in text for text in fresh.values())
    assert set(browser.shown.values()) == {show(browser.tab.session)["html"]}
    assert browser.do(1, "second ") == {}, "it has been sent that before"
    assert set(browser.shown.values()) == {show(browser.tab.session)["html"]}


def test_two_tabs_and_a_reload_each_get_what_they_lack(host):
    one, other = Browser(host), Browser(host)
    one.do(0, "new ")
    assert any("new" in text for text in other.take(host.shown(other.tab)).values())
    again = Browser(host)
    for browser in (one, other, again):
        assert set(browser.shown.values()) == {show(one.tab.session)["html"]}


def test_a_browser_that_has_too_much_starts_anew(host, monkeypatch):
    monkeypatch.setattr(tabs, "_MOST_PARTS", 3000)
    browser = Browser(host)
    for text in "abcdefghijkl":
        browser.do(0, text * 9)
        assert set(browser.shown.values()) == {show(browser.tab.session)["html"]}
        assert sum(map(len, browser.texts.values())) < 6000
