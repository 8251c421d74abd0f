"""The tutorial, typed by a reader who is in a hurry: its commands run as they stand, and say what the page says they do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from documentation import DOCS, ROOT, Block, blocks

TUTORIAL = (DOCS / "tutorial.md").read_text(encoding="utf-8")
ULID = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}")
CUT_ULID = re.compile(r"01[0-9A-HJKMNP-TV-Z]+…")


class Reader:
    """Types the page's commands in a folder that looks like a checkout, at home where nothing was done before."""

    def __init__(self, home: Path, port: int) -> None:
        self.checkout, self.port = home / "checkout", port
        self.ids: dict[str, str] = {}
        programs = home / "bin"
        programs.mkdir(parents=True)
        for name, arguments in (("apprentice", "-m tui.cli "), ("python3", "")):
            (programs / name).write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {arguments}"$@"\n')
            (programs / name).chmod(0o755)
        self.checkout.mkdir()
        (self.checkout / "docs").symlink_to(DOCS)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("APPRENTICE_", "XDG_"))},
            "HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "COLUMNS": "80",
        }

    def here(self, text: str) -> str:
        """Put this reader's port and ids into what the page says."""
        for written, own in self.ids.items():
            text = text.replace(written, own)
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}").replace(
            "http.server 8000", f"http.server {self.port}"
        )

    def type(self, command: str) -> str:
        """Run a block and return what it prints."""
        done = subprocess.run(
            ["bash", "-c", self.here(command)],
            cwd=self.checkout,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def compare(self, written: str, printed: str) -> None:
        """See that the same was printed, whatever the ids and where lines were broken; keep the ids."""
        self.ids |= dict(zip(ULID.findall(written), ULID.findall(printed), strict=False))
        assert self._plain(printed) == self._plain(written)

    def _plain(self, text: str) -> str:
        text = "".join(text.split()).replace(self.env["HOME"], "/home/ada").replace(f":{self.port}", ":8000")
        return CUT_ULID.sub("ID…", ULID.sub("ID", text))


def with_steps(block: Block, checkout: Path) -> str:
    """Have the block's actions performed by a script in the model's place, when its remark says which."""
    actions = block.remark.removeprefix("with steps: ").split(" / ")
    (checkout / "model.txt").write_text("\n".join(actions) + "\n")
    return block.text.rstrip("\n") + " --steps model.txt\n"


@pytest.mark.browser
def test_the_tutorial_is_true(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    reader, servers, printed, compared = Reader(tmp_path, port), [], "", 0
    try:
        for block in blocks(TUTORIAL):
            if block.language == "text":
                reader.compare(block.text, printed)
                compared += 1
            elif block.remark == "second terminal":
                command = ["bash", "-c", "exec " + reader.here(block.text)]
                servers.append(
                    subprocess.Popen(command, cwd=reader.checkout, env=reader.env, stderr=subprocess.DEVNULL)
                )
                _wait_for(port)
            elif not block.remark.startswith("not run:"):
                text = with_steps(block, reader.checkout) if block.remark.startswith("with steps:") else block.text
                printed = reader.type(text)
    finally:
        for server in servers:
            server.kill()
            server.wait()
    assert compared == TUTORIAL.count("```text") >= 7
    assert (reader.checkout / "lunch.html").stat().st_size > 10_000


def _wait_for(port: int) -> None:
    """Wait until somebody listens there."""
    command = [
        "curl",
        "--silent",
        "--fail",
        "--noproxy",
        "*",
        "--retry",
        "40",
        "--retry-connrefused",
        "--retry-delay",
        "1",
        f"http://127.0.0.1:{port}/",
    ]
    subprocess.run(command, check=True, capture_output=True)
