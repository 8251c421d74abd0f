"""Nights, moves of the champion, and forgetting."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agent.paths import adapters_dir
from agent.policy.embedded import file_sha256
from agent.regressions import after_outcome
from agent.store import Store
from bench.kill.moments import Say
from bench.kill.state import Plain, at_home
from bench.small import URL, dialog_page, paid_back, teach
from browser.errors import UsageError
from browser.types import StepResult
from consolidation.adapters import sound_champion, write_adapter
from consolidation.distill import DistillConfig
from consolidation.forget import forget, search
from consolidation.job import Request, night_folders, prepare
from consolidation.job import main as hold_night
from consolidation.overnight import decide


@dataclass(slots=True)
class Train(Plain):
    """A whole night over one lesson, which goes on from a champion that holds another."""

    name: str = "train"

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home."""
        with at_home(home), Store.open() as store:
            earlier = teach(store, replace(paid_back(), task="Chris gave Bea 20"))
            lesson = teach(store, paid_back())
            store.promote(_adapter(store, model, 3, [earlier]), "passed the gate", [earlier])
            sha = file_sha256(model / "model.safetensors")
            shape: dict[str, Any] = {
                "updates": 6,
                "variants": 2,
                "headroom": -1.0,
                "scale": 0.1,
                "threads": 1,
                "nice": 0,
            }
            prepare(Request(str(model), sha, (earlier, lesson), **shape))

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        (folder,) = night_folders()
        if hold_night([str(folder)]):
            raise RuntimeError("the night failed")
        say("finished")

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        (folder,) = night_folders()
        with Store.open() as store:
            jobs, adapters = store.jobs(), {row.id: row for row in store.adapters()}
            told = {event.payload["phase"] for job in jobs for event in store.job_events(job.id)}
        kept = {"headroom": "headroom.json", "learn": "examples.pt", "dream": "dreams-0.pt", "decided": "finished.json"}
        for phase, file in kept.items():
            if phase in told and not (folder / file).exists():
                yield f"lost: {file}, though the night told of {phase}"
        for row in adapters.values():
            if not Path(row.path).is_dir():
                yield f"adapter {row.id} is recorded and not there"
        finished = folder / "finished.json"
        if said and not finished.exists():
            yield "lost: the night's end"
        if finished.exists() and json.loads(finished.read_text())["adapter"] not in adapters:
            yield "the night has ended without its adapter"


SHAPE = DistillConfig()
PASSED = {"gate": [], "passed": True, "config": {"distill": asdict(SHAPE)}}


def _adapter(store: Store, model: Path, seed: int, lessons: Sequence[str]) -> str:
    """Write an adapter of random weights, and record it."""
    from agent.policy.local import load_model
    from consolidation.lora import attach_lora

    sha = file_sha256(model / "model.safetensors")
    manifest = {"base_sha256": sha, "lessons": list(lessons), "arm": "opsd", "receipt": PASSED}
    adapted = attach_lora(load_model(model), SHAPE.rank, SHAPE.alpha, seed, SHAPE.untouched)
    name, folder = write_adapter(adapters_dir(), adapted, manifest)
    store.add_adapter(name, sha, str(folder), lesson_ids=list(lessons), receipt=PASSED)
    return name


@dataclass(slots=True)
class _Moved(Plain):
    """The champion moves. One taught lesson, an adapter without it that acts, and one with it."""

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home."""
        with at_home(home), Store.open() as store:
            lesson = teach(store, paid_back())
            store.promote(_adapter(store, model, 1, []), "passed the gate")
            self.begin(store, lesson, _adapter(store, model, 2, [lesson]))

    def begin(self, store: Store, lesson: str, challenger: str) -> None:
        """Set the scene."""

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        with Store.open() as store:
            champion, moves = store.champion(), store.promotions()
            marked = {row.in_weights_adapter_id for row in store.lessons()}
            store_outcome = store.outcomes(store.sessions(limit=1)[0].id)
        if champion is None or champion.id != moves[-1].adapter_id:
            yield "the champion is not that of the last move"
        for line in said:
            if line == "outcome" and not store_outcome:
                yield "lost: the outcome"
            if line.startswith("champion") and champion is not None and line.split()[1] != champion.id:
                yield "lost: the move of the champion"
        if champion is not None and champion.lesson_ids and champion.id not in marked:
            yield "the champion carries a lesson that is not marked as in its weights"


@dataclass(slots=True)
class Promote(_Moved):
    """What passed the gate becomes champion, and its lesson leaves the prompt."""

    name: str = "promote"

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            challenger = store.adapters()[0]
            decide(store, challenger.id, {**PASSED, "lessons": list(challenger.lesson_ids)}, may_act=True)
            say(f"champion {challenger.id}")


@dataclass(slots=True)
class TakeBack(_Moved):
    """A second session is judged failed, and the champion is taken back."""

    name: str = "promote: taken back"

    def begin(self, store: Store, lesson: str, challenger: str) -> None:
        """Set the scene."""
        store.promote(challenger, "passed the gate", [lesson])
        for number in range(2):
            task = paid_back().task
            session_id = store.begin_session(task, "trip", URL, policy="local", adapter_id=challenger)
            store.end_session(session_id, "done")
            if not number:
                store.add_outcome(session_id, False, "person", "wrong")

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            session, base = store.sessions(limit=1)[0], store.adapters()[0].base_id
            if store.outcomes(session.id):  # killed after it was said: the next session or night begins
                sound_champion(store, base)
            else:
                store.add_outcome(session.id, False, "person", "wrong")
                say("outcome")
                after_outcome(store)
            champion = store.champion()
            say(f"champion {champion.id if champion else None}")


@dataclass(slots=True)
class FallBack(_Moved):
    """The champion's file is found damaged, and the one before it acts."""

    name: str = "promote: fallen back"
    spoils: bool = True

    def begin(self, store: Store, lesson: str, challenger: str) -> None:
        """Set the scene."""
        store.promote(challenger, "passed the gate", [lesson])

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            row = store.adapters()[0]
            weights = Path(row.path) / "adapter_model.safetensors"
            weights.unlink(missing_ok=True)
            acting, _ = sound_champion(store, row.base_id)
            say(f"champion {acting.id if acting else None}")


@dataclass(slots=True)
class Forget(Plain):
    """One of two taught apps is forgotten, with the adapter and the night that learned from both."""

    what: str = "site"
    """Or `session`."""

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home."""
        with at_home(home), Store.open() as store:
            kept = teach(store, paid_back())
            gone = teach(store, replace(paid_back(), task="Chris paid Bea quicksilver 20"), "wiki")
            store.promote(_adapter(store, model, 1, [kept]), "passed the gate", [kept])
            store.promote(_adapter(store, model, 2, [kept, gone]), "passed the gate", [kept, gone])
            page = replace(dialog_page(), title="The quicksilver of a session by day")
            session_id = store.begin_session("quicksilver by day", "wiki", URL, lesson_ids=[gone, kept])
            store.begin_step(session_id, 0, page, paid_back().steps[0].action)
            store.finish_step(session_id, 0, StepResult(page), screenshot=os.urandom(20_000))
            store.end_session(session_id, "done")
            night = prepare(Request(str(model), "0", (kept, gone)))
            (night / "log.txt").write_text("quicksilver")
            (adapters_dir() / ".writing-1").mkdir()
            (adapters_dir() / ".writing-1" / "manifest.json").write_text(f"of a killed night over quicksilver {gone}")

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            with suppress(UsageError):  # its rows are gone already; what else was to be done was done at once
                forget(store, self._target(store))
            if not store.unfinished_forgettings():
                say("forgotten")

    def _target(self, store: Store) -> str:
        if self.what == "site":
            return "wiki"
        taught = [row for row in store.sessions(limit=100) if row.kind == "teach" and row.app == "wiki"]
        return taught[0].id if taught else "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        with Store.open() as store:
            champion = store.champion()
        if champion is None:
            yield "an adapter that knows nothing of it does not act"
        elif not (Path(champion.path) / "manifest.json").exists():
            yield "the champion is not there"
        if said:
            yield from (f"not forgotten: {name}" for name in search(home, self._said_of_it()))

    def state(self, home: Path) -> Any:
        """Describe what is there."""
        return *Plain.state(self, home), list(search(home, self._said_of_it()))

    def _said_of_it(self) -> tuple[bytes, ...]:
        return (b"Chris paid Bea quicksilver", *((b"quicksilver",) if self.what == "site" else ()))
