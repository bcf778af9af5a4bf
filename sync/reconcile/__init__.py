"""Where the list and the membership file disagree, and which changes of the list may be made."""
