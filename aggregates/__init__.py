"""What may happen: one aggregate a file, read top to bottom: events, refusals, decisions, applies. None knows another."""
