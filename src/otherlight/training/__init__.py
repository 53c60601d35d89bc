"""Mechanics of training that no method owns: seeds, checkpoints, schedules, devices, logs."""
