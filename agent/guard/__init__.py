"""The guard: code between decision and action. It never asks the model and never reads the prompt.

May the agent be here, and may it write here? What would this action bring about: reading, a change that can be undone, or sending,
paying, deleting, publishing, giving access? Whose words does it write? The last kinds need an approval, from the policy
given with the task or from the person; where nobody can answer, the answer is no.
"""

from agent.guard.consequences import APPROVABLE, NEEDS_APPROVAL, Consequence, consequence_of
from agent.guard.flow import Flow
from agent.guard.guard import Approver, Guard, Verdict, nobody
from agent.guard.origins import Origins, origin_of

__all__ = [
    "APPROVABLE",
    "NEEDS_APPROVAL",
    "Approver",
    "Consequence",
    "Flow",
    "Guard",
    "Origins",
    "Verdict",
    "consequence_of",
    "nobody",
    "origin_of",
]
