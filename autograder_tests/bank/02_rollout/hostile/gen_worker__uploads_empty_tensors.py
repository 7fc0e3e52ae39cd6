"""Uploads 6,000 tensors of shape (1024, 0): no bytes, and six million lists in the grader."""
import torch


def gen_worker(worker) -> None:
    worker.running()
    worker.upload([], [], [torch.zeros(1024, 0)] * 6_000, [])
