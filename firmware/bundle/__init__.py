"""Model bundles: what they must hold, how they are verified, where they live."""
