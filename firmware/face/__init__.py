"""What is in the picture: landmarks, pose, quality, the aligned crop, measurements."""
