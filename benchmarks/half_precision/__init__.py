"""The phone's graph in float16, as GPUs may compute it: what is left of its numbers; its time."""
