"""Two published studies, repeated on rendered people: their design and their questions, never their patients."""
