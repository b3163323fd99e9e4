"""Two implementations of one model beside each other: what differs first, by how much, and why."""
