"""The idle scheduler: nights run while the person is away, and give the machine back within two seconds.

Readings ──▶ IdleRules.judge ──▶ Scheduler: begin a night, leave it alone, or kill it
(away, mains, load, heat, hours)      pure              a killed night resumes exactly
"""
