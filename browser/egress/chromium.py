"""How Chromium is made to use the egress proxy, for everything and without a way round it."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import BrowserContext, CDPSession, Error

from browser.egress.proxy import EgressProxy
from browser.errors import SetupError

NOTHING_ELSE = (
    "--proxy-bypass-list=<-loopback>",  # this machine's own servers too
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # it looks up no name by itself
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # what the switch was called before
    "--disable-quic",
)
"""Ways to the network that a proxy for TCP does not see: closed."""
SIGN_IN_MS = 10_000


def flags(proxy: EgressProxy) -> list[str]:
    """Return the switches that send every connection through the proxy."""
    return [f"--proxy-server=http://127.0.0.1:{proxy.port}", *NOTHING_ELSE]


def sign_in(context: BrowserContext, proxy: EgressProxy) -> None:
    """Have the browser show its credential once; it remembers it for all that follows, in this context.

    Playwright's own way holds up every request of the session at the driver. Raises SetupError when the browser does not take it.
    """
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.on("Fetch.requestPaused", lambda event: _send(session, "Fetch.continueRequest", event["requestId"]))
    session.on(
        "Fetch.authRequired",
        lambda event: _send(
            session,
            "Fetch.continueWithAuth",
            event["requestId"],
            authChallengeResponse={
                "response": "ProvideCredentials",
                "username": proxy.username,
                "password": proxy.password,
            },
        ),
    )
    try:
        session.send("Fetch.enable", {"handleAuthRequests": True})
        page.goto(proxy.sign_in_url, timeout=SIGN_IN_MS)
    except Error as error:
        raise SetupError(
            "The browser does not use the egress proxy", "Choose another browser with APPRENTICE_BROWSER."
        ) from error
    finally:
        page.close()


def _send(session: CDPSession, method: str, request: str, **parameters: object) -> None:
    with suppress(Error):  # what is still asked for when the page closes
        session.send(method, {"requestId": request, **parameters})
