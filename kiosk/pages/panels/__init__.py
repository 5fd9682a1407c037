"""What is looked after beside screening: reports, outcomes, export, clock, PINs, settings, health; one panel each."""
