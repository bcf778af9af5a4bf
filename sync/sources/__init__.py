"""What the commands read: the membership file, the list of subscribers, the ccTLDs. One file for each system."""
