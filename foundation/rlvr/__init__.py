"""Reinforcement learning with verifiable rewards: the cloned base plays in procedural apps, and their state says what was done."""
