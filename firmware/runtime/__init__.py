"""What runs beside the page: worker threads and the slot that holds the latest value."""
