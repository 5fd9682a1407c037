"""Records on their way out: a sealed archive on a stick, and the forms in which the centre reads them."""
