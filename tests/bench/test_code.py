"""The hash of code changes with what it is of, and not with the order in which files are named."""

from bench.code import ROOT, code_sha256


def test_the_hash_is_of_the_files_that_match_each_once() -> None:
    both = code_sha256("bench/kills.py", "bench/returns.py")
    assert both == code_sha256("bench/returns.py", "bench/kills.py", "bench/kills.py", "bench/kill[s].py")
    assert len({both, code_sha256("bench/kills.py"), code_sha256("bench/returns.py"), code_sha256()}) == 4
    assert (ROOT / "bench" / "kills.py").is_file()
