"""The rules of one session, asked before every action.

    origin ──▶ target ──▶ consequence ──▶ flow ──▶ policy ──▶ person
    may it be   may it be    what does it    whose     what was     who else,
    here?       sent there?  bring about?    words?    allowed?     or nobody

Nothing that a page says raises authority, widens an origin set or lets a question go unasked: page text is only ever read to
find consequences and to recognise words that are not the person's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote_plus, urlsplit

from agent.guard.consequences import (
    NEEDS_APPROVAL,
    Consequence,
    consequence_of,
    consequence_of_address,
    consequence_of_words,
    worst,
)
from agent.guard.effects import asks_server, describe, enter_on, is_press, is_search, target_of
from agent.guard.flow import Flow
from agent.guard.origins import Origins, origin_or_none
from browser.actions import WITHOUT_PAGE, Action, Verb
from browser.types import Line, Observation, Target, quote

if TYPE_CHECKING:
    from agent.guard.policy import PolicyFile

_CONFIRMS = re.compile(r"^(?:yes\b.*|ok|confirm|are you sure\??|continue|ja|oui|sí)$", re.IGNORECASE)
_READS = frozenset({Verb.SCROLL, Verb.WAIT, Verb.FIND, Verb.BACK, Verb.FORWARD, Verb.HOVER, Verb.EXPAND})
_WRITES = frozenset({Verb.TYPE, Verb.SELECT})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard decided, kept with the step."""

    allowed: bool
    consequence: Consequence
    reason: str
    by: str = "rule"
    """Who decided: `rule`, `policy` or `person`; `nobody` when nobody could be asked."""

    def to_json(self) -> dict[str, object]:
        """Return the record the store keeps."""
        return {"allowed": self.allowed, "consequence": self.consequence.value, "reason": self.reason, "by": self.by}


Approver = Callable[[Action, Verdict], bool | None]
"""Ask the person about an action: True, False, or None when nobody can answer."""


def nobody(action: Action, verdict: Verdict) -> None:
    """Answer for an empty chair."""


@dataclass(slots=True)
class Guard:
    """The rules of one session, and what it has seen so far."""

    places: Origins
    """Where the agent may read, and where it may act."""
    approved: frozenset[Consequence] = frozenset()
    """Consequences that the task's policy allows without asking."""
    denied: frozenset[Consequence] = frozenset()
    """Consequences that the policy refuses without asking."""
    approver: Approver = nobody
    flow: Flow = field(default_factory=Flow)
    by_person: bool = False
    """The actions are a person's own, as in a demonstration: what they type is theirs to type."""
    _pending: Consequence = field(default=Consequence.READ)
    """What the last click began: a bare "Yes" after it carries its consequence."""
    _last: tuple[Action, Verdict] | None = None
    _dialogs: list[Verdict] = field(default_factory=list)

    @classmethod
    def for_task(
        cls,
        url: str,
        approved: Iterable[str] = (),
        approver: Approver = nobody,
        extra_origins: Iterable[str] = (),
        *,
        policy: PolicyFile | None = None,
    ) -> Self:
        """Allow the origin of the start page, those named, and what the policy file says.

        Raises ValueError for an unknown consequence and for a start page on a site that wants no agents.
        """
        allowed = frozenset(Consequence(item) for item in approved)
        if policy is None:
            return cls(Origins.of([url, *extra_origins]), allowed, approver=approver)
        read = policy.origins.read
        places = Origins.of([url, *extra_origins, *policy.origins.write], read, policy.no_agents)
        places = replace(places, write=places.write - places.read)
        guard = cls(
            places,
            (allowed | frozenset(policy.approve)) - frozenset(policy.deny),
            frozenset(policy.deny),
            approver,
            Flow(frozenset((way.source, way.target) for way in policy.flows)),
        )
        if not places.readable(origin_or_none(url)):
            raise ValueError(places.why_not(origin_or_none(url)))
        return guard

    @property
    def origins(self) -> frozenset[str]:
        """Where the agent may be: the origins that it may change and those that it may only read."""
        return (self.places.write | self.places.read) - self.places.refused

    def begin(self, task: str, lessons: Iterable[str] = (), *, by_person: bool = False) -> None:
        """Learn what the person said before the session began: those words may be typed anywhere the task may write."""
        self.flow.heard([task, *lessons])
        self.by_person = by_person

    def heard(self, words: str) -> None:
        """Learn what the person answered."""
        self.flow.heard([words])

    def judge(self, action: Action, page: Observation) -> Verdict:
        """Decide about one action on one page."""
        self.flow.saw(page)
        verdict = self._judge(action, page)
        self._last = (action, verdict)
        return verdict

    def decide_dialog(self, kind: str, message: str) -> bool:
        """Decide about a dialog that the last action raised; True accepts it.

        A `confirm` is the page's own word that something is at stake. It carries the consequence of the action that raised
        it, and that of its own words: an approval of the one holds for the other when it is the same; everything else is asked.
        """
        action, before = self._last or (Action(Verb.WAIT), Verdict(True, Consequence.READ, ""))
        said = consequence_of_words(message)
        consequence = worst(said, before.consequence, Consequence.CHANGE)
        reason = f"{action.render(with_ref=False)} raised the dialog {quote(message)}, which may {consequence}"
        if before.allowed and before.by != "rule" and before.consequence is consequence:
            verdict = Verdict(True, consequence, f"{reason}: approved with the action", before.by)
        elif consequence in self.approved:
            verdict = Verdict(True, consequence, f"{reason}: the task's policy allows {consequence}", "policy")
        else:
            verdict = self._ask(action, consequence, reason)
        self._dialogs.append(verdict)
        return verdict.allowed

    def take_dialogs(self) -> list[Verdict]:
        """Return and forget what was decided about dialogs since the last call."""
        taken, self._dialogs = self._dialogs, []
        return taken

    def _judge(self, action: Action, page: Observation) -> Verdict:
        if action.verb in WITHOUT_PAGE:
            return Verdict(allowed=True, consequence=Consequence.READ, reason="speaks to the person")
        line = page.find(action.ref) if action.ref is not None else None
        target = target_of(action, page)
        consequence = self._consequence(action, line, target, page)
        refusal = self._out_of_reach(action, line, target, consequence, page)
        if refusal:
            return Verdict(allowed=False, consequence=consequence, reason=refusal)
        strange = "" if self.by_person else self._strange_words(action, line, target, page)
        return self._weigh(action, consequence, strange, page)

    def _weigh(self, action: Action, consequence: Consequence, strange: str, page: Observation) -> Verdict:
        """Decide about an action that is within reach: by rule, by policy, by the person."""
        if consequence in self.denied:
            return Verdict(False, consequence, f"the task's policy denies {consequence}", "policy")
        written = action.render(with_ref=False)
        if strange:
            return self._ask(action, worst(consequence, Consequence.CHANGE), f"{written} would write {strange}")
        if consequence not in NEEDS_APPROVAL:
            reason = "can be undone" if consequence is Consequence.CHANGE else "reads"
            return Verdict(allowed=True, consequence=consequence, reason=reason)
        if consequence in self.approved:
            return Verdict(True, consequence, f"the task's policy allows {consequence}", "policy")
        return self._ask(action, consequence, f"{written} may {consequence}{describe(action, page)}")

    def _ask(self, action: Action, consequence: Consequence, reason: str) -> Verdict:
        """Put an action to the person, with what exactly it would do."""
        answer = self.approver(action, Verdict(allowed=False, consequence=consequence, reason=reason))
        if answer is None:
            return Verdict(False, consequence, f"{reason} and nobody can approve it", "nobody")
        return Verdict(answer, consequence, f"{reason}: the person said {'yes' if answer else 'no'}", "person")

    def _out_of_reach(
        self, action: Action, line: Line | None, target: Target | None, consequence: Consequence, page: Observation
    ) -> str:
        """Say why the action would act where the task may not; empty when it stays within."""
        if action.verb in (Verb.BACK, Verb.FORWARD):
            return ""
        here = {origin_or_none(page.url)} if action.verb is not Verb.OPEN else set()
        if line is not None:
            here.add(origin_or_none(page.origin_of(line)))
        going = (
            {origin_or_none(target.url)}
            if target is not None and (action.verb is Verb.OPEN or asks_server(target))
            else set()
        )
        for origin in sorted(here | going):
            if not self.places.readable(origin):
                return self.places.why_not(origin)
        if consequence is Consequence.READ:
            return ""
        posted = going if target is not None and target.method == "post" else set()
        closed = [origin for origin in sorted(here | posted) if not self.places.writable(origin)]
        return f"{closed[0]} may be read in this task, not changed" if closed else ""

    def _strange_words(self, action: Action, line: Line | None, target: Target | None, page: Observation) -> str:
        """Say what in the value of an action is not the person's to give away there; empty when nothing is."""
        if action.verb not in (*_WRITES, Verb.OPEN):
            return ""
        value, goes_to = action.text, origin_or_none(page.url if line is None else page.origin_of(line))
        if action.verb is Verb.OPEN:
            assert target is not None
            parts = urlsplit(target.url)
            value, goes_to = f"{parts.path} {parts.query} {parts.fragment}", origin_or_none(target.url)
        elif target is not None:
            goes_to = origin_or_none(target.url) or goes_to
        leak = self.flow.leak(value, goes_to)
        if leak:
            return f"{quote(leak.words)}, which was read at {leak.source}, to {goes_to}"
        if action.verb is Verb.SELECT or (action.verb is Verb.TYPE and is_search(target)):
            return ""
        for destination in self.flow.strange_destinations(unquote_plus(value) if action.verb is Verb.OPEN else value):
            if action.verb is Verb.OPEN and "@" not in destination and "://" not in destination:
                continue  # a long number in an address says which thing is looked at
            if not self.places.readable(origin_or_none(destination) if "://" in destination else ""):
                return f"the destination {quote(destination)}, which the person never gave"
        return ""

    def _consequence(self, action: Action, line: Line | None, target: Target | None, page: Observation) -> Consequence:
        if action.verb is Verb.OPEN:
            return consequence_of_address(target.url) if target is not None else Consequence.READ
        if action.verb in _READS:
            return Consequence.READ
        if action.verb is Verb.CLICK and line is not None:
            return self._press(line, target)
        if is_press(action):
            pressed = enter_on(action, page)
            return self._press(pressed, target) if pressed else Consequence.CHANGE
        if action.verb is Verb.TYPE and is_search(target):
            return Consequence.READ
        if action.verb is Verb.PRESS and action.text not in ("Delete", "Backspace"):
            return Consequence.READ
        return Consequence.CHANGE if action.verb is not Verb.CLICK else Consequence.READ

    def _press(self, line: Line, target: Target | None) -> Consequence:
        found = consequence_of(line, target)
        if found not in NEEDS_APPROVAL and _CONFIRMS.match(line.name) and self._pending in NEEDS_APPROVAL:
            found = self._pending
        self._pending = found
        return found
