"""The number format to compute in: bf16 where the processor multiplies it itself, fp32 elsewhere.

A processor without bf16 instructions emulates them: at the shapes of the embedded base an AVX2 machine reaches a sixth of its
own fp32 speed that way (`bench/model.py`). One that cannot be asked counts as having none. What is stored stays bf16.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch


@cache
def compute_dtype(device: str = "cpu") -> torch.dtype:
    """Return the format that matrix products are fast in on this device."""
    if device != "cpu":
        return torch.bfloat16
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    native: list[Any] = [getattr(torch.cpu, probe, None) for probe in probes]
    return torch.bfloat16 if any(probe() for probe in native if probe) else torch.float32
