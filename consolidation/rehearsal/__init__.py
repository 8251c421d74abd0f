"""Rehearsal: one recorded demonstration becomes many that never happened, with other values, words and surroundings."""
