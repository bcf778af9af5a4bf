"""A contact as a deterministic vCard 3.0."""
