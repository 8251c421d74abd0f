"""What is remembered: sessions, steps, outcomes, lessons, adapters and jobs, in one SQLite file.

Imports the standard library, `browser`'s plain data and nothing heavy: every command that only reads or writes the
store opens without torch, transformers or a browser.
"""

from agent.store.rows import (
    AdapterRow,
    JobEventRow,
    JobRow,
    LessonRow,
    LessonStep,
    OutcomeRow,
    PromotionRow,
    SessionRow,
    StepRow,
    Which,
)
from agent.store.store import Store

__all__ = [
    "AdapterRow",
    "JobEventRow",
    "JobRow",
    "LessonRow",
    "LessonStep",
    "OutcomeRow",
    "PromotionRow",
    "SessionRow",
    "StepRow",
    "Store",
    "Which",
]
