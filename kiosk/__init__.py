"""What people touch: session, records, pages."""
