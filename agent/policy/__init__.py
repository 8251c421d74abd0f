"""Policies: a prompt and an observation become an action. Only this package and `consolidation` import torch."""
