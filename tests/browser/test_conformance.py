"""What a browser that acts for a person must and must not do: 25 points, each checked in a running one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from bench.egress import Listener
from browser.actions import parse
from browser.downloads import DownloadLimit
from browser.driver import family
from browser.egress import EgressRules
from browser.environment import LiveEnvironment
from browser.errors import AlreadyRunning, UsageError
from browser.launch import launch
from browser.types import StepResult
from tests.browser.conftest import LOCAL_ONLY

pytestmark = pytest.mark.browser
PERMISSIONS = (
    *("geolocation", "notifications", "camera", "microphone", "midi", "clipboard-read", "persistent-storage"),
    *("idle-detection", "local-network-access", "storage-access", "background-sync"),
)


@dataclass
class Scene:
    """One running browser as the product starts it, and what is around it."""

    environment: LiveEnvironment
    app: str
    folder: Path
    listener: Listener

    def open(self, page: str) -> None:
        self.environment.url = f"{self.app}/{page}"
        self.environment.reset()

    def do(self, text: str) -> StepResult:
        action = parse(text)
        assert self.environment._last is not None
        found = [line for line in self.environment._last.lines if line.name == action.name and line.ref is not None]
        return self.environment.step(replace(action, ref=found[0].ref) if found else action)

    def script(self, text: str, argument: object = None) -> object:
        return self.environment.tabs.page.evaluate(text, argument)

    @property
    def browser(self) -> psutil.Process:
        return psutil.Process(self.environment._live.launched.pid)


@pytest.fixture(scope="module")
def scene(app: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "staging").mkdir()
    (folder / "staging/receipt.txt").write_text("paid")
    (folder / "secret.txt").write_text("not staged")
    (folder / "staging/link.txt").symlink_to(folder / "secret.txt")
    listener = Listener()
    with LiveEnvironment(
        f"{app}/second.html",
        profile=folder / "profile",
        staging=folder / "staging",
        downloads=folder / "downloads",
        egress=EgressRules.of([app]),
    ) as environment:
        environment.reset()
        yield Scene(environment, app, folder, listener)
    listener.close()


CHECKS: list[Callable[[Scene], None]] = []


def point(check: Callable[[Scene], None]) -> Callable[[Scene], None]:
    CHECKS.append(check)
    return check


@point
def the_sandbox_is_on(scene: Scene) -> None:
    allowed_off = os.environ.get("APPRENTICE_NO_SANDBOX") == "1" or os.geteuid() == 0
    assert ("--no-sandbox" in scene.browser.cmdline()) == allowed_off
    assert bool(scene.environment.notices) == allowed_off, "and it is said when it is off"


@point
def it_is_controlled_by_a_pipe(scene: Scene) -> None:
    command = scene.browser.cmdline()
    assert "--remote-debugging-pipe" in command
    assert not any(part.startswith(("--remote-debugging-port", "--remote-debugging-address")) for part in command)


@point
def it_listens_on_no_socket(scene: Scene) -> None:
    links = [link for process in family(scene.browser.pid) for link in process.net_connections("tcp")]
    assert links, "the control: its connections are seen"
    assert not [link for link in links if link.status == psutil.CONN_LISTEN]


@point
def every_connection_it_has_is_to_the_proxy(scene: Scene) -> None:
    proxy = scene.environment._starter.proxy
    assert proxy is not None
    links = [link for process in family(scene.browser.pid) for link in process.net_connections("tcp") if link.raddr]
    assert {(link.raddr.ip, link.raddr.port) for link in links} == {("127.0.0.1", proxy.port)}


@point
def its_profile_is_its_own(scene: Scene) -> None:
    assert f"--user-data-dir={scene.folder / 'profile'}" in scene.browser.cmdline()


@point
def its_profile_is_closed_to_others(scene: Scene) -> None:
    assert (scene.folder / "profile").stat().st_mode & 0o777 == 0o700


@point
def its_profile_is_used_once(scene: Scene) -> None:
    with pytest.raises(AlreadyRunning, match="is in use"):
        launch(profile=scene.folder / "profile", args=LOCAL_ONLY)


@point
def a_storage_state_that_others_can_read_is_refused(scene: Scene) -> None:
    state = scene.folder / "state.json"
    state.write_text('{"cookies": [], "origins": []}')
    state.chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        launch(storage_state=state, args=LOCAL_ONLY)
    state.chmod(0o600)
    launch(storage_state=state, args=LOCAL_ONLY).close()


@point
def it_has_no_extensions(scene: Scene) -> None:
    assert "--disable-extensions" in scene.browser.cmdline()
    session = scene.environment._live.launched.context.new_cdp_session(scene.environment.tabs.page)
    targets = session.send("Target.getTargets")["targetInfos"]
    session.detach()
    assert targets
    assert not [target for target in targets if target["url"].startswith("chrome-extension:")]


@point
def no_permission_is_granted(scene: Scene) -> None:
    scene.open("second.html")
    for name in PERMISSIONS:
        state = scene.script(
            "(name) => navigator.permissions.query({ name }).then((found) => found.state, () => 'unknown')", name
        )
        assert (name, state) != (name, "granted") or name in ("background-sync", "storage-access")


@point
def what_asks_for_a_permission_is_denied_at_once(scene: Scene) -> None:
    scene.open("second.html")
    asked = "new Promise((done) => navigator.geolocation.getCurrentPosition(() => done('told'), (error) => done(error.code)))"
    assert scene.script(asked) == 1
    assert scene.script("typeof Notification") == "undefined"


@point
def service_workers_are_blocked(scene: Scene) -> None:
    scene.open("second.html")
    scene.script("""async () => {
        const inner = document.body.appendChild(document.createElement('iframe')).contentWindow;
        const plain = ServiceWorkerContainer.prototype.register;
        await Promise.allSettled([navigator.serviceWorker.register('worker.js'), plain.call(navigator.serviceWorker, 'worker.js'),
            inner.ServiceWorkerContainer.prototype.register.call(inner.navigator.serviceWorker, '/worker.js')]); }""")
    assert scene.script("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


@point
def dialogs_are_dismissed(scene: Scene) -> None:
    scene.open("alerts.html")
    result = scene.do('click "Confirm"')
    assert (result.note, result.observation.lines[-1].name) == ('dismissed dialog "Really?"', "kept")


@point
def leaving_a_page_that_objects_is_not_forced(scene: Scene) -> None:
    scene.open("alerts.html")
    scene.do('click "Guard"')
    assert scene.do('click "Leave"').observation.title == "Alerts"
    scene.script("onbeforeunload = null")


@point
def files_of_the_machine_are_not_opened(scene: Scene) -> None:
    scene.open("second.html")
    result = scene.do(f'open "file://{scene.folder / "secret.txt"}"')
    assert (result.ok, result.note) == (False, "only http and https addresses can be opened")
    scene.script("(path) => { location = 'file://' + path }", str(scene.folder / "secret.txt"))
    assert "not staged" not in scene.environment.look().render()
    assert scene.environment.look().url.startswith("http")


@point
def addresses_that_carry_their_page_are_not_opened(scene: Scene) -> None:
    scene.open("second.html")
    for address in (
        "data:text/html,<h1>x</h1>",
        "javascript:alert(1)",
        "blob:null/x",
        "about:blank",
        "view-source:http://a",
    ):
        assert scene.do(f'open "{address}"').note == "only http and https addresses can be opened"
    scene.script("location = 'data:text/html,<h1>carried</h1>'")
    assert "carried" not in scene.environment.look().render()


@point
def a_page_of_no_origin_is_left(scene: Scene) -> None:
    scene.open("second.html")
    scene.script("location = URL.createObjectURL(new Blob(['<h1>made here</h1>'], { type: 'text/html' }))")
    result = scene.do("wait")
    assert "a page of the kind blob: may not be shown" in result.note
    assert "made here" not in result.observation.render()


@point
def private_addresses_are_refused(scene: Scene) -> None:
    scene.open("second.html")
    scene.listener.clear()
    for host in ("127.0.0.1", "127.0.0.9", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
        assert not scene.do(f'open "http://{host}:{scene.listener.port}/"').ok
    assert not scene.listener.connections


@point
def what_an_app_loads_from_elsewhere_is_judged(scene: Scene) -> None:
    scene.open("second.html")
    scene.listener.clear()
    tries = "(to) => Promise.allSettled([fetch('http://' + to), navigator.sendBeacon('http://' + to), new WebSocket('ws://' + to)])"
    scene.script(tries, f"127.0.0.3:{scene.listener.port}")  # a place that no other point was refused
    assert "refused to connect to" in scene.do("scroll down").note
    assert not scene.listener.connections


@point
def it_looks_up_no_name_by_itself(scene: Scene) -> None:
    command = scene.browser.cmdline()
    assert [part for part in command if part.startswith("--host-resolver-rules=MAP * ~NOTFOUND")]
    assert "--proxy-bypass-list=<-loopback>" in command


@point
def no_datagram_leaves_it(scene: Scene) -> None:
    command = scene.browser.cmdline()
    assert {"--disable-quic", "--webrtc-ip-handling-policy=disable_non_proxied_udp"} <= set(command)
    sockets = [link for process in family(scene.browser.pid) for link in process.net_connections("udp")]
    assert not [link for link in sockets if link.raddr]


@point
def only_staged_files_are_uploaded(scene: Scene) -> None:
    scene.open("files.html")
    for name in ("../secret.txt", "link.txt", str(scene.folder / "secret.txt"), "/etc/passwd"):
        assert "not among the files to upload" in scene.do(f'type "Receipt" "{name}"').note
    scene.do('type "Receipt" "receipt.txt"')
    assert "receipt: receipt.txt says paid" in scene.environment.look().render()


@point
def downloads_are_put_aside(scene: Scene) -> None:
    scene.open("files.html")
    assert scene.do('click "Get the report"').note.startswith('downloaded "')
    kept = list((scene.folder / "downloads").iterdir())
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600] * len(kept)
    assert kept


@point
def downloads_have_a_limit(scene: Scene) -> None:
    limit = scene.environment.tabs._limit
    assert isinstance(limit, DownloadLimit)
    scene.open("files.html")
    before, limit.cap = set((scene.folder / "downloads").iterdir()), 4
    result = scene.do('click "Get the report"')
    limit.cap = 1_000_000
    assert result.note.endswith("is too large")
    assert set((scene.folder / "downloads").iterdir()) == before


@point
def passwords_stay_in_the_page(scene: Scene) -> None:
    scene.open("secrets.html")
    page = scene.do('type "Password" "hunter2-correct"').observation
    assert "hunter2" not in "".join(line.value for line in page.lines if line.name == "Password")
    assert "4111111111111111" not in page.render()


def test_there_are_twenty_five_points() -> None:
    assert len(CHECKS) == 25


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_point(scene: Scene, check: Callable[[Scene], None]) -> None:
    check(scene)
