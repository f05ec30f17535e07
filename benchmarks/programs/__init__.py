"""What peers that are libraries are measured with: whole programs, IN OUT and a task in JSON."""
