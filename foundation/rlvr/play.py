"""Groups of episodes of one task each, played side by side, and what of them is learned from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import torch

from agent.prompt import Transcript
from browser.types import Observation
from consolidation.tokens import Tokens
from foundation.episodes import run_expert
from foundation.evaluate import EXTRA_STEPS, ends, judge, perform
from foundation.rlvr.objective import advantages
from foundation.rlvr.sampler import Choice, Sampler, Turn
from foundation.task import Task
from foundation.tasks import draw_task


@dataclass(slots=True)
class Episode:
    """One attempt at a task. Its reward is 1 when the app's state says that the task was done, and 0 otherwise."""

    task: Task
    limit: int
    """Actions after which it is over."""
    page: Observation
    transcript: Transcript
    turns: list[Turn] = field(default_factory=list)
    reward: float = 0.0
    over: bool = False
    advantage: float = 0.0

    @classmethod
    def begin(cls, seed: int, among: Collection[str], steps: int) -> Episode:
        """Begin a task that an expert needs so many steps for."""
        task = draw_task(seed, among=among)
        page = task.app.reset()
        transcript = Transcript(task.text, task.lessons)
        transcript.start(page)
        return cls(task, 2 * steps + EXTRA_STEPS, page, transcript)

    def take(self, turn: Turn) -> None:
        """Do what was decided."""
        self.turns.append(turn)
        if turn.action is None:
            self.over = True
            return
        if ends(self.task, turn.action):
            self.over, self.reward = True, float(judge(self.task, turn.action))
            return
        outcome = perform(self.task, turn.action, self.page)
        self.transcript.advance(turn.action, outcome)
        self.page = outcome.observation
        self.over = len(self.turns) >= self.limit


@dataclass(slots=True)
class Trajectory:
    """Decisions that begin with the same prompt, as tokens; `choices` are what is learned, at `tokens.positions`."""

    tokens: Tokens
    choices: list[Choice]
    advantage: float


def expert_steps(seed: int, among: Collection[str]) -> int:
    """Return how many steps an expert needs for a task; 0 when it fails, and the task is no fair one."""
    task = draw_task(seed, among=among)
    steps = run_expert(task.app, task.goal, task.answer)
    return len(steps) if judge(task, steps[-1].action) else 0


def play_groups(
    sampler: Sampler, seeds: Iterable[int], size: int, longest_prompt: int, among: Collection[str]
) -> list[list[Episode]]:
    """Play each seed's task, of one `among` these suites, `size` times, all side by side, and set rewards and advantages.

    An episode whose prompt outgrows `longest_prompt` tokens is over, without reward.
    """
    groups = [
        [Episode.begin(seed, among, steps) for _ in range(size)]
        for seed in seeds
        if (steps := expert_steps(seed, among))
    ]
    every = [episode for group in groups for episode in group]
    while active := [episode for episode in every if not episode.over]:
        prompts = [episode.transcript.prompt() for episode in active]
        lengths = [len(sampler.encoder.prompt(prompt)) for prompt in prompts]
        for episode, length in zip(active, lengths, strict=True):
            episode.over = length > longest_prompt
        going = [(episode, prompt) for episode, prompt in zip(active, prompts, strict=True) if not episode.over]
        if not going:
            break
        turns = sampler.act([prompt for _, prompt in going], [episode.page for episode, _ in going])
        for (episode, _), turn in zip(going, turns, strict=True):
            episode.take(turn)
    for group in groups:
        for episode, advantage in zip(group, advantages([episode.reward for episode in group]), strict=True):
            episode.advantage = advantage
    return groups


def sequences(episode: Episode) -> list[Trajectory]:
    """Turn an episode into as few sequences as possible: a prompt that goes on where the last action ended joins its sequence."""
    out: list[Trajectory] = []
    ids: list[int] = []
    positions: list[int] = []
    choices: list[Choice] = []

    def close() -> None:
        if choices:
            tokens = Tokens(torch.tensor(ids), torch.tensor(positions), ((0, len(positions)),))
            out.append(Trajectory(tokens, list(choices), episode.advantage))

    for turn in episode.turns:
        if turn.prompt[: len(ids)] != ids:
            close()
            positions, choices = [], []
        ids = [*turn.prompt, *turn.written]
        positions += [len(turn.prompt) + choice.at - 1 for choice in turn.choices]
        choices += turn.choices
    close()
    return out
