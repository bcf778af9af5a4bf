"""The members' pages: what they show, who gets in, and what a browser makes of them."""
