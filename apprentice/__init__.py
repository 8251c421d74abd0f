"""Apprentice from Python: the few names that a program needs. `docs/python.md` shows each at work.

Importing this loads neither torch nor a browser; the first `run` does.
"""

from agent.policy.scripted import ScriptedPolicy
from agent.store import LessonRow, SessionRow, StepRow, Store
from agent.types import Decision, Policy
from apprentice.sessions import Result, run
from apprentice.teaching import teach, tell
from browser.actions import Action, Verb, parse
from browser.errors import ApprenticeError
from browser.types import Line, Observation

__all__ = [
    "Action",
    "ApprenticeError",
    "Decision",
    "LessonRow",
    "Line",
    "Observation",
    "Policy",
    "Result",
    "ScriptedPolicy",
    "SessionRow",
    "StepRow",
    "Store",
    "Verb",
    "parse",
    "run",
    "teach",
    "tell",
]
