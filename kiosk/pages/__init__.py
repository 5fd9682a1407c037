"""What the operator and the subject see: one page, its texts, and the few routes behind it."""
