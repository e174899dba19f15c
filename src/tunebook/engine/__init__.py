"""The only place that knows transformers' Trainer: techniques are woven into it here.

Tensors lie in pages of 2 MB where the system has them: a step of training touches a gigabyte, and each page of 4 KB
costs a fault and a place among the addresses that the processor knows. Torch asks once, at its first tensor.
"""

import os

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
