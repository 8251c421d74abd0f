"""Lessons: the short trusted text a session leaves behind, and how the right one is found again."""
