"""Architectures by name: the classifier's own, and published face networks whose state dicts load as they are."""
