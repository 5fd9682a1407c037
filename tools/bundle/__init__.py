"""Model bundles in the workshop: built, described, signed by those who release them, and published."""
