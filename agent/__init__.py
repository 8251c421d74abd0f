"""Who acts and what is remembered: loop, prompt, policies, guard, lessons, store."""
