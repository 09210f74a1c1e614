"""The layers around the app, in the order in which a request passes them; ``launch`` puts them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.middleware import Middleware

from sav_core import __version__
from sav_core.settings import Settings
from sav_ui.serving.arrivals import CountedUploads
from sav_ui.serving.body_limit import BodyLimit
from sav_ui.serving.bound_sessions import BoundSessions
from sav_ui.serving.closed_routes import ClosedRoutes
from sav_ui.serving.faults import Faults
from sav_ui.serving.link_preview import LinkPreview
from sav_ui.serving.own_routes import OwnRoutes
from sav_ui.serving.packed_events import PackedEvents
from sav_ui.serving.rate_limit import RateLimit
from sav_ui.serving.request_ids import RequestIds
from sav_ui.serving.security_headers import SecurityHeaders
from sav_ui.serving.upload_quota import UploadQuota

__all__ = ["layers"]


def layers(
    settings: Settings, state: Callable[[], Mapping[str, Any]], unheard: Callable[[str], int] = lambda name: 0
) -> list[Middleware]:
    """Return them, the outermost first: what costs little to refuse is refused before anything is read.

    Args:
        settings: the limits.
        state: what ``/ready`` says, see ``OwnRoutes``.
        unheard: how many messages wait for the page of a name.
    """
    return [
        Middleware(RequestIds),
        Middleware(SecurityHeaders),
        Middleware(PackedEvents),
        Middleware(Faults),
        Middleware(RateLimit, per_second=settings.requests_per_second, connections=settings.connections),
        Middleware(OwnRoutes, version=__version__, state=state),
        Middleware(ClosedRoutes),
        Middleware(UploadQuota, each=settings.upload_bytes, total=settings.uploads_bytes),
        Middleware(CountedUploads),
        Middleware(BodyLimit),
        Middleware(BoundSessions, unheard=unheard),
        Middleware(LinkPreview),
    ]
