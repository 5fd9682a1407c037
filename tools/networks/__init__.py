"""Architectures of published face networks, so that their state dicts load by name. Nothing here is trained."""
