"""Evaluation: what a bundle or a checkpoint is worth on labelled photos, with the uncertainty of every figure."""
