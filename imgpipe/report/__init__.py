"""What a person or a program is told of a run: progress, summary, JSON Lines."""
