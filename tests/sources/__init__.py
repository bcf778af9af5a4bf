"""The systems that know who is on the list, against real servers where there are any."""
