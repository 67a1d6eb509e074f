"""What a device is good at: its description, measured tables, predicted times, and the tuner that makes the tables."""
