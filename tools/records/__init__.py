"""The centre's side of the records: the programme's keys, archives opened, PINs reset."""
