"""Finding a Chromium-family browser and starting it: sandboxed, controlled by pipe, without permissions, quiet on the network."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Browser, BrowserContext, Error, StorageState, ViewportSize

from browser.driver import DRIVER, end, end_now, family
from browser.egress import EgressProxy
from browser.egress.chromium import flags, sign_in
from browser.errors import AlreadyRunning, SetupError, UsageError
from browser.manners import introduce
from browser.world import script

log = logging.getLogger(__name__)

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
QUIET = (
    "--no-pings",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--dns-prefetch-disable",
    "--disable-notifications",
    "--deny-permission-prompts",
    "--disable-quic",
)
"""Beside what Playwright passes already: nothing leaves the machine but what the page asks for, and nothing asks for permissions."""
NO_SANDBOX_NOTICE = "Chromium runs without its sandbox: {reason}"

_CHROME = {
    "linux": ("google-chrome", "google-chrome-stable", "/opt/google/chrome/chrome"),
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ),
    "win32": tuple(
        rf"%{root}%\Google\Chrome\Application\chrome.exe"
        for root in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
    ),
}
_CHROMIUM = {
    "linux": ("chromium", "chromium-browser"),
    "darwin": (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "~/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (r"%LOCALAPPDATA%\Chromium\Application\chrome.exe",),
}
_CACHE = {
    "linux": "~/.cache/ms-playwright",
    "darwin": "~/Library/Caches/ms-playwright",
    "win32": r"%LOCALAPPDATA%\ms-playwright",
}
_DOWNLOADED = {
    "linux": ("chromium-*/chrome-linux*/chrome",),
    "darwin": ("chromium-*/chrome-mac*/*.app/Contents/MacOS/*",),
    "win32": ("chromium-*/chrome-win*/chrome.exe",),
}
_ADVICE = {
    "linux": "Install Chromium with your package manager (for example: sudo apt install chromium), or run: playwright install chromium",
    "darwin": "Install Google Chrome from google.com/chrome, or run: playwright install chromium",
    "win32": "Install Google Chrome from google.com/chrome, or run: playwright install chromium",
}


@dataclass(frozen=True, slots=True)
class BrowserChoice:
    """Which browser is driven, and why it was taken."""

    path: Path
    kind: str
    """`chosen`, `Google Chrome`, `Chromium` or `Playwright's Chromium`."""


def find_browser(
    preferred: str | None = None, *, environ: dict[str, str] | None = None, platform: str = sys.platform
) -> BrowserChoice:
    """Find a browser: the preferred path, else $APPRENTICE_BROWSER, Google Chrome, Chromium, what Playwright downloaded.

    Raises SetupError with advice for the platform when there is none.
    """
    env = os.environ if environ is None else environ
    chosen = preferred or env.get("APPRENTICE_BROWSER")
    if chosen:
        found = _resolve(chosen, env)
        if found is None:
            raise SetupError(
                f"There is no browser at {chosen}", "Correct the path, or leave it out to have a browser found."
            )
        return BrowserChoice(found, "chosen")
    system = platform if platform in _CHROME else "linux"
    for kind, places in (("Google Chrome", _CHROME[system]), ("Chromium", _CHROMIUM[system])):
        for place in places:
            found = _resolve(place, env)
            if found is not None:
                return BrowserChoice(found, kind)
    cache = Path(_expand(env.get("PLAYWRIGHT_BROWSERS_PATH") or _CACHE[system], env))
    downloaded = sorted(
        (path for pattern in _DOWNLOADED[system] for path in cache.glob(pattern) if path.is_file()),
        key=lambda path: path.stat().st_mtime,
    )
    if downloaded:
        return BrowserChoice(downloaded[-1], "Playwright's Chromium")
    raise SetupError("No Chrome or Chromium was found", _ADVICE[system] + ".")


@dataclass(slots=True)
class Launched:
    """A running browser and its one context. `close` ends its processes, whatever state they are in."""

    context: BrowserContext
    choice: BrowserChoice
    notices: list[str] = field(default_factory=list)
    """What the person should know about how the browser was started."""
    pid: int = 0
    arriving: Path = field(default_factory=Path)
    """Where downloads are while they come; gone with the browser."""
    _browser: Browser | None = None
    _open: bool = True

    def close(self, *, lost: bool = False) -> None:
        """Close the browser and see that its processes are gone, at once when it is `lost`. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        tree = family(self.pid)
        if lost:
            end_now(tree)
        try:
            self.context.close()
            if self._browser is not None:
                self._browser.close()
        except Error as error:  # it crashed before; what is left of it ends below
            log.debug("closing the browser: %s", error)
        finally:
            DRIVER.release()
            end(tree)
            shutil.rmtree(self.arriving, ignore_errors=True)


def launch(
    *,
    browser: str | None = None,
    profile: Path | None = None,
    headless: bool = True,
    storage_state: Path | dict[str, Any] | None = None,
    slow_mo: float = 0,
    args: Sequence[str] = (),
    egress: EgressProxy | None = None,
) -> Launched:
    """Start a browser: with a profile folder of its own when one is given, else with nothing kept.

    All its connections go through `egress`, a running proxy, when one is given. Raises SetupError when it does not start,
    AlreadyRunning when the profile is in use.
    """
    if profile is not None and storage_state is not None:
        raise UsageError(
            "A profile and a storage state exclude each other", "A profile keeps its own cookies; give one of the two."
        )
    if isinstance(storage_state, Path):
        _check_private(storage_state)
    choice = find_browser(browser)
    sandbox, notices = _sandbox()
    start: dict[str, Any] = {
        "executable_path": choice.path,
        "chromium_sandbox": sandbox,
        "headless": headless,
        "slow_mo": slow_mo,
        "args": [*QUIET, *args, *(flags(egress) if egress else ())],
        "downloads_path": (arriving := Path(tempfile.mkdtemp(prefix="apprentice-arriving-"))),
        "handle_sigint": False,  # Ctrl+C is the person's word to us, not to the browser
    }
    page: dict[str, Any] = {
        "viewport": VIEWPORT,
        "service_workers": "block",
        "accept_downloads": True,
        "permissions": [],
    }
    chromium = DRIVER.acquire().chromium
    running: Browser | None = None
    try:
        if profile is not None:
            _own(profile)
            context = chromium.launch_persistent_context(profile, **start, **page)
        else:
            running = chromium.launch(**start)
            context = running.new_context(**page, storage_state=cast("StorageState | Path | None", storage_state))
        context.add_init_script(script("shadow"))
        introduce(context)
        pid = _pid(context)
        DRIVER.started(pid)
    except Error as error:
        if running is not None:
            running.close()
        DRIVER.release()
        shutil.rmtree(arriving, ignore_errors=True)
        raise _explain(error, choice, profile) from error
    launched = Launched(context, choice, notices, pid, arriving, running)
    if egress is not None:
        _sign_in(launched, egress)
    return launched


def _sign_in(launched: Launched, egress: EgressProxy) -> None:
    try:
        sign_in(launched.context, egress)
    except BaseException:
        launched.close()
        raise


_WARNED: set[str] = set()


def _sandbox() -> tuple[bool, list[str]]:
    """Return whether Chromium's sandbox is on, and what to say when it is not; the log says it once a process."""
    if os.environ.get("APPRENTICE_NO_SANDBOX") == "1":
        reason = "APPRENTICE_NO_SANDBOX is set"
    elif hasattr(os, "geteuid") and os.geteuid() == 0:
        reason = "Apprentice runs as root"
    else:
        return True, []
    notice = NO_SANDBOX_NOTICE.format(reason=reason)
    if notice not in _WARNED:
        _WARNED.add(notice)
        log.warning(notice)
    return False, [notice]


def _own(profile: Path) -> None:
    """Make the profile folder, for its owner alone."""
    try:
        profile.mkdir(parents=True, exist_ok=True, mode=0o700)
        profile.chmod(0o700)
    except OSError as error:
        raise SetupError(
            f"The profile folder {profile} cannot be used: {error.strerror}", "Choose another folder."
        ) from error


def _check_private(storage_state: Path) -> None:
    """Refuse a file of cookies that others can read: who has it, has the logins."""
    try:
        mode = storage_state.stat().st_mode
    except OSError as error:
        raise UsageError(f"The storage state {storage_state} cannot be read: {error.strerror}") from error
    if os.name == "posix" and mode & 0o077:
        raise UsageError(f"The storage state {storage_state} can be read by others", f"Run: chmod 600 {storage_state}")


def _explain(error: Error, choice: BrowserChoice, profile: Path | None) -> SetupError | AlreadyRunning:
    text = error.message
    if "ProcessSingleton" in text or "already in use" in text or "exitCode=21" in text:
        return AlreadyRunning(
            f"The browser profile {profile} is in use",
            "Close the other browser that uses it, or choose another profile.",
        )
    if "No usable sandbox" in text or "Running as root without --no-sandbox" in text:
        return SetupError(
            "Chromium could not start its sandbox",
            "Allow unprivileged user namespaces, or set APPRENTICE_NO_SANDBOX=1 to go without it.",
        )
    if "Missing X server" in text or "DISPLAY" in text:
        return SetupError("There is no screen to open a browser window on", "Run without a window (--headless).")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = next(
        (line for line in lines if "FATAL" in line or "rror while loading" in line),
        lines[0] if lines else "no reason given",
    )
    return SetupError(
        f"{choice.kind} at {choice.path} did not start: {reason[:200]}",
        "Start it once by hand to see what it says, or choose another with APPRENTICE_BROWSER.",
    )


def _pid(context: BrowserContext) -> int:
    browser = context.browser
    if browser is None:
        return 0
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return next((process["id"] for process in processes if process["type"] == "browser"), 0)


def _resolve(place: str, env: Any) -> Path | None:
    """Return the file that a path or a program name stands for."""
    place = _expand(place, env)
    found = place if Path(place).is_file() else shutil.which(place, path=env.get("PATH", ""))
    return Path(found) if found and os.access(found, os.X_OK) else None


def _expand(place: str, env: Any) -> str:
    """Put values for %NAME% and the home folder for `~`, from the given environment."""
    for name, value in env.items():
        place = place.replace(f"%{name}%", value)
    home = env.get("HOME") or env.get("USERPROFILE")
    return place.replace("~", home, 1) if place.startswith("~") and home else place
