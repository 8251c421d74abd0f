"""Operations that are killed at every moment at which they change a file, and what must hold afterwards.

After the kill: the database is whole, everything that was acknowledged is there, every adapter verifies, and who acts is one that
can act. After the operation was run again: the same state as if nobody had killed it, but for ids and times.
"""
