"""The precision that is computed in follows the processor, not a wish."""

from collections.abc import Iterator

import pytest
import torch

from agent.policy.precision import compute_dtype


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    compute_dtype.cache_clear()
    yield
    compute_dtype.cache_clear()


@pytest.mark.parametrize(("native", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_processor_without_bf16_computes_in_fp32(
    native: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    assert compute_dtype() is expected


def test_a_torch_that_cannot_say_computes_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, probe, raising=False)
    assert compute_dtype() is torch.float32


def test_graphics_processors_compute_in_bf16() -> None:
    assert compute_dtype("cuda") is torch.bfloat16
