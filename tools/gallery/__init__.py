"""Reference faces: building a bundle's gallery, changing it, matching against it, and GestaltMatcher's files."""
