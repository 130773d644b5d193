"""The trainer: LoRA and QLoRA on a split, measured against the model it started from. A process of its own, always."""

import os

# oneDNN compiles a kernel for each shape of a product in bfloat16 and keeps 1,024 of them, and so does torch: with
# texts of many lengths, a gigabyte or more. 64 are enough for the shapes of one pass: of 617 kernels that 6 steps of
# QLoRA compile, 35 are compiled again, 1.4% of the time. Both are read when torch loads.
for _name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_name, "64")
